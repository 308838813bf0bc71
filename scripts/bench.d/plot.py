"""Draws what was measured as SVG, by hand: bars for each flow, curves for growth."""

import math
from html import escape

# The colours of the pages: paper, ink, seal; two of links for those beside us.
PAPER, INK, QUIET = "#FAF7F0", "#1C1B1A", "#6B665C"
COLOURS = {
    "tegata-sqlite": "#B7372A",
    "tegata-postgres": "#DE8A7C",
    "tegata-before": "#6B8F71",
    "oidc-provider-memory": "#264A6E",
    "oidc-provider-postgres": "#8FA9C4",
    "bare": "#A8A193",
}
WIDTH, LABELS, BAR = 820, 210, 13


def flows(results):
    """A group of bars for each flow, with a scale of its own: JWKS and sign-in have none in common."""
    y, parts = 62, [*legend(20, 44, results["options"].get("servers", COLOURS))]
    for flow, servers in results["flows"].items():
        rates = {name: max(it["rate"] for it in rounds) for name, rounds in servers.items()}
        scale = (WIDTH - LABELS - 80) / max(rates.values())
        parts.append(text(LABELS - 10, y + BAR * len(rates) / 2 + 3, flow, INK, "end"))
        for name, rate in rates.items():
            length = rate * scale
            parts.append(
                f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[name]}"/>'
            )
            parts.append(text(LABELS + length + 5, y + BAR - 3, f"{rate:,.0f}", QUIET))
            y += BAR
        y += 10
    return page(
        WIDTH, y + 10, "Operations per second, best round; each flow has its own scale", parts
    )


def growth(results):
    """A panel for each curve; a line for each flow and server."""
    servers = {name for curve in results["growth"].values() for name in curve}
    parts, top = [*legend(20, 44, servers)], 80
    for curve, servers in results["growth"].items():
        parts += panel(curve, servers, top)
        top += 230
    return page(
        WIDTH,
        top,
        "Operations per second as it grows (solid: client_credentials, dashed: redemption)",
        parts,
    )


def panel(curve, servers, top, height=180):
    lines = []
    for name, points in servers.items():
        for flow, dash in (("client_credentials ES256", ""), ("ID-JAG redemption", "5 3")):
            line = [(point["at"], point[flow]["rate"]) for point in points if point.get(flow)]
            lines.append((name, dash, line))
    most = max((rate for _, _, line in lines for _, rate in line), default=1)
    far = max((math.log10(max(at, 1)) for _, _, line in lines for at, _ in line), default=1) or 1

    def x(at):
        return 90 + math.log10(max(at, 1)) / far * (WIDTH - 150)

    def y(rate):
        return top + height - rate / most * (height - 20)

    yield text(20, top + 6, curve, INK)
    yield f'<path d="M90 {top}V{top + height}H{WIDTH - 40}" fill="none" stroke="{QUIET}"/>'
    yield text(84, y(most) + 4, f"{most:,.0f}", QUIET, "end")
    yield text(84, top + height + 4, "0", QUIET, "end")
    for at in sorted({at for _, _, line in lines for at, _ in line}):
        yield text(x(at), top + height + 16, f"{at:,}", QUIET, "middle")
    for name, dash, line in lines:
        path = "L".join(f"{x(at):.1f} {y(rate):.1f}" for at, rate in line)
        if path:
            yield f'<path d="M{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2" stroke-dasharray="{dash}"/>'


def legend(x, y, servers):
    for name, colour in COLOURS.items():
        if name not in servers:
            continue
        yield f'<rect x="{x}" y="{y - 10}" width="11" height="11" fill="{colour}"/>'
        yield text(x + 16, y, name, INK)
        x += 32 + 7 * len(name)


def text(x, y, words, colour, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def page(width, height, title, parts):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12">\n<title>{escape(title)}</title>\n'
        f'<rect width="{width}" height="{height:.0f}" fill="{PAPER}"/>\n'
        f"{text(20, 22, title, INK)}\n" + "\n".join(parts) + "\n</svg>\n"
    )
