// From the pad's 280×280 ink to the 28×28 that networks see.

export const PAD = 280, SIDE = 28, BOX = 20;
const LEAST_INK = 250; // pixels of the pad that a digit inks at least
const LEAST_SIDE = 40; // and how far they reach

/** Plain downsampling, as in the document: each pixel is the mean of its 10×10 cell. */
export function plain(ink) {
  return resample(ink, 0, 0, PAD / SIDE, SIDE, SIDE);
}

/** Whether there is enough ink for a digit: a dot, or what an eraser left, is none. */
export function readable(ink) {
  const { width, height, mass } = box(ink);
  return mass >= LEAST_INK && Math.max(width, height) >= LEAST_SIDE;
}

/** The box around the ink, and the ink in it. */
function box(ink) {
  let [left, top, right, bottom, mass] = [PAD, PAD, -1, -1, 0];
  for (let y = 0; y < PAD; y++) {
    for (let x = 0; x < PAD; x++) {
      const m = ink[y * PAD + x];
      if (m < 1 / 255) continue;
      mass += m;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
  }
  return { left, top, width: right - left + 1, height: bottom - top + 1, mass };
}

/** MNIST's own way: the ink's box scaled to fit 20×20, then moved so that its centre of mass is the centre.
 *  Ink that is too little for a digit stays as it is: enlarged, a dot would look like one. */
export function mnist(ink) {
  if (!readable(ink)) return plain(ink);
  const { left, top, width, height } = box(ink);
  const image = new Float32Array(SIDE * SIDE);
  const cell = Math.max(width, height) / BOX;
  const [columns, rows] = [Math.min(BOX, Math.ceil(width / cell)), Math.min(BOX, Math.ceil(height / cell))];
  const small = resample(ink, left, top, cell, columns, rows);
  let [mass, mx, my] = [0, 0, 0];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const m = small[y * columns + x];
      mass += m;
      mx += m * (x + 0.5);
      my += m * (y + 0.5);
    }
  }
  const [dx, dy] = [Math.round(SIDE / 2 - mx / mass), Math.round(SIDE / 2 - my / mass)];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [tx, ty] = [x + dx, y + dy];
      if (tx >= 0 && tx < SIDE && ty >= 0 && ty < SIDE) image[ty * SIDE + tx] = small[y * columns + x];
    }
  }
  return image;
}

/** Means over square cells of any width, laid from (left, top); what lies outside the pad is blank. */
export function resample(ink, left, top, cell, columns, rows) {
  const across = overlaps(left, cell, columns), down = overlaps(top, cell, rows);
  const wide = new Float32Array(PAD * columns);
  for (let y = 0; y < PAD; y++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (const [x, share] of across[c]) sum += share * ink[y * PAD + x];
      wide[y * columns + c] = sum;
    }
  }
  const image = new Float32Array(columns * rows);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      let sum = 0;
      for (const [y, share] of down[r]) sum += share * wide[y * columns + c];
      image[r * columns + c] = Math.min(1, sum);
    }
  }
  return image;
}

/** For each cell the pixels it covers, with the share of the cell that each makes up. */
function overlaps(from, cell, count) {
  return Array.from({ length: count }, (_, i) => {
    const [low, high] = [from + i * cell, from + (i + 1) * cell];
    const covered = [];
    for (let x = Math.floor(low); x < high && x < PAD; x++) {
      const share = (Math.min(high, x + 1) - Math.max(low, x)) / cell;
      if (share > 1e-9) covered.push([x, share]);
    }
    return covered;
  });
}
