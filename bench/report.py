# SPDX-License-Identifier: Apache-2.0
"""What the measuring programs write: facts of the machine, tables in Markdown, plots in SVG."""
import html
import math
import os
import pathlib
import platform
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build")).resolve()
OUTPUT = BUILD / "bench-results"
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728")


def _first_line(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    except FileNotFoundError:
        return ""
    return done.stdout.splitlines()[0] if done.stdout else ""


def cpu_model():
    """The name of the processor."""
    text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.M)
    return found[1] if found else platform.machine()


def version_of(package):
    """The version of a Debian package, "" where it is not installed."""
    return _first_line(["dpkg-query", "-W", "-f=${Version}\n", package])


def build_type():
    """How meson built what is measured."""
    option = _first_line(["sh", "-c", f"meson configure '{BUILD}' 2>/dev/null | "
                          "sed -n 's/^ *buildtype *\\([a-z]*\\) .*/\\1/p'"])
    return option or "unknown"


def facts(packages=()):
    """[(name, value)] that a reader needs to judge the numbers."""
    memory = re.search(r"MemTotal: +(\d+)", pathlib.Path("/proc/meminfo").read_text("ascii"))
    found = [
        ("when", time.strftime("%F %R %Z")),
        ("machine", f"{os.cpu_count()} CPUs ({cpu_model()}), {int(memory[1]) >> 20} GiB"),
        ("system", f"{platform.system()} {platform.release()}, "
                   f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}"),
        ("load before", f"{os.getloadavg()[0]:.2f}"),
        ("masakari-c", f"{_first_line(['git', 'describe', '--always', '--dirty'])}, "
                       f"buildtype {build_type()}"),
    ]
    versions = [f"{name} {version_of(name)}" for name in packages if version_of(name)]
    return found + ([("packages", ", ".join(versions))] if versions else [])


def table(header, rows):
    """A Markdown table; the first column is text, the others are numbers."""
    width = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]

    def line(cells):
        padded = [str(cell).ljust(width[i]) if i == 0 else str(cell).rjust(width[i])
                  for i, cell in enumerate(cells)]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width[i] + 1) + ("-" if i == 0 else ":")
                          for i in range(len(header))) + "|"
    return "\n".join([line(header), rule, *(line(row) for row in rows)])


def write(name, text):
    """Writes a result; returns its path."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    path = OUTPUT / name
    path.write_text(text, encoding="utf-8")
    return path


# ---- plots


def _svg(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="12">\n'
            '<!-- SPDX-License-Identifier: Apache-2.0 -->\n'
            f'<rect width="{width}" height="{height}" fill="white"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def _text(x, y, text, anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def bars(title, series, groups):
    """Horizontal bars on a logarithmic scale. groups: [(label, [a value for each series])]."""
    left, right, bar, gap = 230, 80, 12, 10
    top = 50
    plot = 560
    high = math.ceil(math.log10(max(max(values) for _, values in groups)))
    height = top + len(groups) * (len(series) * bar + gap) + 30
    parts = [_text(10, 20, title)]
    for i, name in enumerate(series):
        parts += [f'<rect x="{left + 150 * i}" y="28" width="12" height="12" '
                  f'fill="{COLOURS[i]}"/>', _text(left + 150 * i + 18, 38, name)]
    for power in range(high + 1):
        x = left + plot * power / high
        parts += [f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{height - 25}" '
                  'stroke="#ddd"/>', _text(x, height - 10, f"{10 ** power:,}", "middle")]
    y = top + 4
    for label, values in groups:
        parts.append(_text(left - 8, y + len(series) * bar / 2 + 4, label, "end"))
        for i, value in enumerate(values):
            length = plot * math.log10(max(value, 1)) / high
            parts += [f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 1}" '
                      f'fill="{COLOURS[i]}"/>',
                      _text(left + length + 4, y + bar - 2, f"{value:,.0f}")]
            y += bar
        y += gap
    return _svg(left + plot + right, height, parts)


def lines(title, x_label, y_label, series):
    """A plot of lines from 0 on. series: [(name, [(x, y)])]."""
    left, top, plot_width, plot_height = 70, 50, 640, 280
    x_high = max(x for _, points in series for x, _ in points)
    y_high = 1.25 * max(y for _, points in series for _, y in points)
    bottom = top + plot_height
    parts = [_text(10, 20, title), _text(left + plot_width / 2, bottom + 40, x_label, "middle"),
             _text(10, top - 10, y_label)]
    for step in range(6):
        x, y = left + plot_width * step / 5, bottom - plot_height * step / 5
        parts += [f'<line x1="{left}" y1="{y:.1f}" x2="{left + plot_width}" y2="{y:.1f}" '
                  'stroke="#ddd"/>', _text(left - 6, y + 4, f"{y_high * step / 5:.3g}", "end"),
                  _text(x, bottom + 18, f"{x_high * step / 5:,.0f}", "middle")]
    for i, (name, points) in enumerate(series):
        path = " ".join(f"{left + plot_width * x / x_high:.1f},"
                        f"{bottom - plot_height * y / y_high:.1f}" for x, y in points)
        parts += [f'<polyline points="{path}" fill="none" stroke="{COLOURS[i]}" '
                  'stroke-width="1.5"/>',
                  f'<rect x="{left + 150 * i + 200}" y="28" width="12" height="12" '
                  f'fill="{COLOURS[i]}"/>', _text(left + 150 * i + 218, 38, name)]
    return _svg(left + plot_width + 30, bottom + 55, parts)
