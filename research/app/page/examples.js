// The document's two sevens: one that all three models read, and a wide one pressed to the edges.

const stroke = (points) => ({ kind: "stroke", erase: false, width: 20, points });

export const EXAMPLES = {
  seven: [stroke([[84, 74], [120, 72], [156, 72], [190, 72], [186, 84], [172, 116], [158, 148], [144, 180], [132, 214]])],
  funky: [stroke([[12, 40], [70, 36], [130, 34], [190, 32], [266, 30], [258, 44], [222, 96], [180, 152], [136, 206], [84, 268]])],
};
