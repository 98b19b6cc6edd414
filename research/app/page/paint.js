// Images on canvases, in the colours of the theme.

const THEMES = {
  light: { paper: [255, 255, 255], ink: [24, 28, 32], minus: [33, 102, 172], plus: [178, 24, 43] },
  dark: { paper: [22, 26, 30], ink: [240, 242, 244], minus: [92, 165, 228], plus: [240, 134, 110] },
};

export const theme = () => document.documentElement.dataset.theme;
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function between([r, g, b], [s, h, c], share) {
  return [r + (s - r) * share, g + (h - g) * share, b + (c - b) * share, 255];
}

/** Values in [0, largest] as ink on paper. */
export function ink(canvas, values, { largest = 1, side = 28, height = side } = {}) {
  const { paper, ink: black } = THEMES[theme()];
  fill(canvas, values, side, height, (value) => between(paper, black, Math.min(1, Math.max(0, value / largest))));
}

/** Signed values in [-largest, largest]: red above zero, blue below. With `under`, that image's outline. */
export function signed(canvas, values, { largest = biggest(values), under = null } = {}) {
  const { paper, ink: black, minus, plus } = THEMES[theme()];
  const side = Math.sqrt(values.length);
  const edge = under && outline(under, side);
  fill(canvas, values, side, side, (value, i) => {
    const share = Math.min(1, Math.abs(value) / largest);
    const flat = between(paper, value > 0 ? plus : minus, share ** 0.8);
    return edge?.[i] ? between(flat, black, 0.28) : flat;
  });
}

export function biggest(values) {
  let largest = 1e-9;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}

/** The canvas at the screen's own resolution: its context, width and height in CSS pixels. */
export function sharp(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}

function fill(canvas, values, width, height, tint) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < values.length; i++) image.data.set(tint(values[i], i), 4 * i);
  context.putImageData(image, 0, 0);
}

/** Pixels with ink that touch one without. */
function outline(image, side) {
  const inside = (x, y) => x >= 0 && y >= 0 && x < side && y < side && image[y * side + x] > 0.4;
  return Array.from(image, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return inside(x, y) && !(inside(x - 1, y) && inside(x + 1, y) && inside(x, y - 1) && inside(x, y + 1));
  });
}

/** Signed values as large coloured cells with their numbers in them; white space around zero. */
export function cells(canvas, values, largest = biggest(values)) {
  const { paper, ink: black, minus, plus } = THEMES[theme()];
  const { context, width } = sharp(canvas);
  const count = Math.sqrt(values.length), side = width / count;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = `${Math.min(13, side / 2.6)}px system-ui, sans-serif`;
  values.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value) / largest);
    const [x, y] = [(i % count) * side, Math.floor(i / count) * side];
    context.fillStyle = `rgb(${between(paper, value > 0 ? plus : minus, 0.75 * share).slice(0, 3).map(Math.round).join(" ")})`;
    context.fillRect(x, y, side + 1, side + 1);
    context.fillStyle = `rgb(${(share > 0.75 && theme() === "light" ? paper : black).join(" ")})`;
    context.fillText(signedText(value, count > 3 ? 1 : 2), x + side / 2, y + side / 2);
  });
}

/** A number with a real minus sign. */
export const signedText = (value, digits = 2) => (Math.abs(value) < 0.5 / 10 ** digits ? 0 : value).toFixed(digits).replace("-", "−");
