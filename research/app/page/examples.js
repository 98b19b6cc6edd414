// The document's two sevens, one that all three models read and a wide one pressed to the edges; one in a corner; and
// a 1 that stays hard.

const stroke = (points, width = 20) => ({ kind: "stroke", erase: false, width, points });
const SEVEN = [[84, 74], [120, 72], [156, 72], [190, 72], [186, 84], [172, 116], [158, 148], [144, 180], [132, 214]];
const FLAG = "A European 1: hard for networks that know American digits.";

export const EXAMPLES = {
  seven: [stroke(SEVEN)],
  corner: [stroke(SEVEN.map(([x, y]) => [Math.round(0.5 * x + 168), Math.round(0.5 * y + 156)]), 14)],
  flag: [{ ...stroke([[82, 140], [104, 118], [126, 94], [148, 66], [170, 40], [170, 100], [170, 160], [170, 236]]), said: FLAG }],
  funky: [stroke([[12, 40], [70, 36], [130, 34], [190, 32], [266, 30], [258, 44], [222, 96], [180, 152], [136, 206], [84, 268]])],
};
