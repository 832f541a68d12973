"""The chart: a row a case, a dot a peer, at the peer's time over einloom's on a logarithmic axis."""

from html import escape
from math import log10

COLOURS = {"numpy": "#4477aa", "torch": "#ee6677", "jax": "#228833", "TBLIS": "#aa8800", "ndarray-einsum": "#aa3377"}
TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100)
LEFT, WIDTH, ROW, TOP = 190, 560, 15, 64


def place(ratio):
    """The x of a ratio; what is beyond the axis sits at its end."""
    low, high = log10(TICKS[0]), log10(TICKS[-1])
    return LEFT + WIDTH * (log10(min(max(ratio, TICKS[0]), TICKS[-1])) - low) / (high - low)


def text(x, y, content, style=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(content)}</text>'


def draw(cases):
    """The SVG of a list of cases with `id`, `group`, and `seconds` by contestant."""
    rows, group = [], None
    for case in cases:
        if case["group"] != group:
            group = case["group"]
            rows.append(group)
        rows.append(case)
    bottom = TOP + ROW * len(rows)
    parts = []
    for tick in TICKS:
        x, colour = place(tick), "#000" if tick == 1 else "#ddd"
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="{colour}"/>')
        parts.append(text(x, TOP - 10, f"{tick:g}", 'text-anchor="middle"'))
    x = LEFT
    for name, colour in COLOURS.items():
        parts.append(f'<circle cx="{x}" cy="18" r="4" fill="{colour}"/>' + text(x + 8, 22, name))
        x += 26 + 7 * len(name)
    parts.append(text(8, 38, "time of a peer over einloom's; right of 1 einloom is faster"))
    for number, row in enumerate(rows):
        y = TOP + ROW * (number + 0.5)
        if isinstance(row, str):
            parts.append(text(8, y + 4, row, 'font-weight="bold"'))
            continue
        parts.append(text(LEFT - 10, y + 4, row["id"], 'text-anchor="end"'))
        for name, seconds in row["seconds"].items():
            if name in COLOURS:
                x = place(seconds / row["seconds"]["einloom"])
                parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{COLOURS[name]}" fill-opacity="0.8"/>')
    width, height = LEFT + WIDTH + 20, bottom + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{height}" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )
