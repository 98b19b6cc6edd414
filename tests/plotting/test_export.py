"""The data behind a figure: each kind of mark gives its numbers back, lines across a panel are left out."""

import matplotlib.pyplot as plt
import numpy as np

from research.plotting import export


def test_every_mark_gives_its_numbers_back():
    figure, (left, right) = plt.subplots(1, 2)
    left.set_title("a panel", loc="left")
    left.plot([1, 2], [0.5, np.nan], color="#112233")
    left.axvline(7)
    left.scatter([3], [4])
    right.bar([1], [6], width=0.5, color="#445566")
    right.barh([9], [2], color="#665544")
    right.stairs([2, 3], [0, 1, 2], color="#778899")
    right.imshow([[1.5, np.nan]])
    assert list(export.rows(figure)) == [
        (0, "a panel", 0, "line", "#112233", "1", "0.5", ""),
        (0, "a panel", 1, "points", "", "3", "4", ""),
        (1, "", 0, "bar", "#445566", "1", "6", ""),
        (1, "", 1, "bar", "#665544", "2", "9", ""),
        (1, "", 2, "steps", "#778899", "0", "2", ""),
        (1, "", 2, "steps", "#778899", "1", "3", ""),
        (1, "", 3, "image", "", "0", "0", "1.5"),
    ]
    plt.close(figure)
