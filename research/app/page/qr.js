// A QR code of a text, made here: byte mode, lowest error correction, versions 1 to 40 (ISO/IEC 18004).

const LOW = 1; // the bits that say "lowest error correction"
const CHECKS = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, ...Array(14).fill(30)]; // codewords of a block
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25];
const MASKS = [
  (x, y) => (x + y) % 2 === 0, (x, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Rows of modules, true for dark; null where the text is too long. */
export function qr(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const version = BLOCKS.findIndex((_, i) => 4 + (i + 1 < 10 ? 8 : 16) + 8 * bytes.length <= 8 * dataWords(i + 1)) + 1;
  if (!version) return null;
  const words = withChecks(padded(bytes, version), version);
  const { rows, fixed } = frame(version);
  place(words, rows, fixed);
  const masked = MASKS.map((mask, number) => {
    const own = rows.map((row, y) => row.map((dark, x) => (fixed[y][x] ? dark : dark !== mask(x, y))));
    format(own, number);
    return own;
  });
  return masked.reduce((best, own) => (penalty(own) < penalty(best) ? own : best));
}

const size = (version) => 4 * version + 17;

/** All codewords: the modules that are left by the patterns, in bytes. */
function allWords(version) {
  const patterns = version > 1 ? Math.floor(version / 7) + 2 : 0;
  let bits = (16 * version + 128) * version + 64;
  if (patterns) bits -= (25 * patterns - 10) * patterns - 55;
  if (version > 6) bits -= 36;
  return Math.floor(bits / 8);
}

const dataWords = (version) => allWords(version) - CHECKS[version - 1] * BLOCKS[version - 1];

function padded(bytes, version) {
  const bits = [];
  const push = (value, count) => { for (let i = count - 1; i >= 0; i--) bits.push((value >> i) & 1); };
  push(4, 4);
  push(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((byte) => push(byte, 8));
  const room = 8 * dataWords(version);
  push(0, Math.min(4, room - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  for (let fill = 0xec; bits.length < room; fill ^= 0xec ^ 0x11) push(fill, 8);
  return Array.from({ length: room / 8 }, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((value, bit) => 2 * value + bit, 0));
}

/** Blocks with their check words, interleaved. */
function withChecks(data, version) {
  const count = BLOCKS[version - 1], checks = CHECKS[version - 1], all = allWords(version);
  const short = count - (all % count), length = Math.floor(all / count) - checks;
  const divisor = divisorOf(checks), blocks = [], found = [];
  for (let i = 0, at = 0; i < count; i++) {
    const own = data.slice(at, (at += length + (i < short ? 0 : 1)));
    blocks.push([own, remainder(own, divisor)]);
  }
  for (let i = 0; i <= length; i++) blocks.forEach(([own]) => i < own.length && found.push(own[i]));
  for (let i = 0; i < checks; i++) blocks.forEach(([, own]) => found.push(own[i]));
  return found;
}

/** Product in the field of 256 elements. */
function times(x, y) {
  let z = 0;
  for (let i = 7; i >= 0; i--) z = (z << 1) ^ ((z >> 7) * 0x11d) ^ (((y >> i) & 1) * x);
  return z;
}

function divisorOf(degree) {
  const found = [...Array(degree - 1).fill(0), 1];
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) found[j] = times(found[j], root) ^ (found[j + 1] ?? 0);
  }
  return found;
}

function remainder(data, divisor) {
  const found = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ found.shift();
    found.push(0);
    divisor.forEach((value, i) => { found[i] ^= times(value, factor); });
  }
  return found;
}

/** The patterns that every code of this version has, and where they are. */
function frame(version) {
  const side = size(version);
  const rows = Array.from({ length: side }, () => Array(side).fill(false)), fixed = rows.map((row) => [...row]);
  const set = (x, y, dark) => { if (rows[y]?.[x] !== undefined) [rows[y][x], fixed[y][x]] = [dark, true]; };
  const square = (cx, cy, radius, light) => {
    for (let y = -radius; y <= radius; y++) for (let x = -radius; x <= radius; x++) set(cx + x, cy + y, !light.includes(Math.max(Math.abs(x), Math.abs(y))));
  };
  for (let i = 0; i < side; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [side - 4, 3], [3, side - 4]]) square(x, y, 4, [2, 4]);
  const at = alignments(version), last = at.length - 1;
  at.forEach((x, i) => at.forEach((y, j) => {
    if (!((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0))) square(x, y, 2, [1]);
  }));
  format(rows, 0, (x, y) => { fixed[y][x] = true; });
  if (version > 6) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    const bits = (version << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const [a, b] = [side - 11 + (i % 3), Math.floor(i / 3)];
      set(a, b, Boolean((bits >> i) & 1));
      set(b, a, Boolean((bits >> i) & 1));
    }
  }
  return { rows, fixed };
}

function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((8 * version + 3 * count + 5) / (4 * count - 4)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size(version) - 7 - step * i).reverse()];
}

/** Writes level and mask beside the corners. */
function format(rows, mask, also = () => {}) {
  const side = rows.length;
  let rest = (LOW << 3) | mask;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((((LOW << 3) | mask) << 10) | rest) ^ 0x5412;
  const set = (x, y, dark) => { rows[y][x] = dark; also(x, y); };
  for (let i = 0; i < 15; i++) {
    const dark = Boolean((bits >> i) & 1);
    if (i < 6) set(8, i, dark);
    else if (i < 8) set(8, i + 1, dark);
    else if (i === 8) set(7, 8, dark);
    else set(14 - i, 8, dark);
    if (i < 8) set(side - 1 - i, 8, dark);
    else set(8, side - 15 + i, dark);
  }
  set(8, side - 8, true);
}

/** Lays the bits in columns of two, from the lower right corner, up and down. */
function place(words, rows, fixed) {
  const side = rows.length;
  let i = 0;
  for (let right = side - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < side; step++) {
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? side - 1 - step : step;
        if (fixed[y][x] || i >= 8 * words.length) continue;
        rows[y][x] = Boolean((words[i >> 3] >> (7 - (i & 7))) & 1);
        i++;
      }
    }
  }
}

/** How hard a code is to read: long runs, squares, what looks like a corner, and too much of one colour. */
function penalty(rows) {
  const side = rows.length;
  const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))].map((line) => line.map((dark) => (dark ? "1" : "0")).join(""));
  let sum = 0;
  for (const line of lines) {
    for (const [run] of line.matchAll(/0{5,}|1{5,}/g)) sum += run.length - 2;
    for (const corner of ["10111010000", "00001011101"]) for (let at = line.indexOf(corner); at >= 0; at = line.indexOf(corner, at + 1)) sum += 40;
  }
  for (let y = 1; y < side; y++) {
    for (let x = 1; x < side; x++) if (rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) sum += 3;
  }
  const dark = rows.flat().filter(Boolean).length / side ** 2;
  return sum + 10 * Math.floor(Math.abs(dark - 0.5) * 20);
}
