// An animated GIF of grey pictures, made here (GIF89a; Welch 1984 for its compression).

const BITS = 6; // of grey
const MOST = 80; // frames; of more, evenly many are taken
const HOLD = 150; // hundredths of a second that the last frame stays

/** `frames`: square pictures with values in [0, 1], shown as ink on paper, each pixel `scale` wide. */
export function gif(frames, scale = 8, delay = 6) {
  const side = Math.sqrt(frames[0].length), wide = side * scale;
  const shown = frames.filter((_, i) => frames.length <= MOST || i === frames.length - 1 || i % Math.ceil(frames.length / MOST) === 0);
  const greys = Array.from({ length: 1 << BITS }, (_, i) => 255 - Math.round((255 * i) / ((1 << BITS) - 1)));
  const two = (value) => [value & 255, value >> 8];
  const bytes = [...text("GIF89a"), ...two(wide), ...two(wide), 0xf0 | (BITS - 1), 0, 0, ...greys.flatMap((grey) => [grey, grey, grey])];
  bytes.push(0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0); // again and again
  shown.forEach((frame, i) => {
    bytes.push(0x21, 0xf9, 4, 0, ...two(i === shown.length - 1 ? HOLD : delay), 0, 0);
    bytes.push(0x2c, 0, 0, 0, 0, ...two(wide), ...two(wide), 0, BITS);
    const pixels = Uint8Array.from({ length: wide * wide }, (_, p) => {
      const value = frame[side * Math.floor(p / wide / scale) + Math.floor((p % wide) / scale)];
      return Math.round(Math.min(1, Math.max(0, value)) * ((1 << BITS) - 1));
    });
    const packed = compressed(pixels);
    for (let at = 0; at < packed.length; at += 255) {
      const part = packed.slice(at, at + 255);
      bytes.push(part.length, ...part);
    }
    bytes.push(0);
  });
  bytes.push(0x3b);
  return new Blob([Uint8Array.from(bytes)], { type: "image/gif" });
}

const text = (said) => [...said].map((letter) => letter.charCodeAt(0));

/** Codes of growing width for runs of pixels that came before. */
function compressed(pixels) {
  const clear = 1 << BITS, found = [];
  let known = new Map(), next = clear + 2, width = BITS + 1, held = 0, count = 0;
  const emit = (code) => {
    held |= code << count;
    for (count += width; count >= 8; count -= 8, held >>= 8) found.push(held & 255);
  };
  emit(clear);
  let run = pixels[0];
  for (const pixel of pixels.subarray(1)) {
    const longer = run * (1 << BITS) + pixel;
    if (known.has(longer)) {
      run = known.get(longer);
      continue;
    }
    emit(run);
    if (next < 4096) {
      if (next === 1 << width) width++;
      known.set(longer, next++);
    } else {
      emit(clear);
      [known, next, width] = [new Map(), clear + 2, BITS + 1];
    }
    run = pixel;
  }
  emit(run);
  emit(clear + 1);
  if (count) found.push(held & 255);
  return found;
}
