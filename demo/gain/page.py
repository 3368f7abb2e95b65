#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""page.py WORK OUT - from what play wrote: gain.json, gain.txt (the table) and gain.html, which needs nothing else."""
import base64
import html
import json
import math
import pathlib
import struct
import sys
import zlib

# Student's t, two-sided 95 %, by degrees of freedom.
T95 = [None, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
NAMES = {"tail": "tail drop", "tail200": "tail drop, 200 packets", "codel": "CoDel", "dscp": "DSCP, 3 classes", "mdu": "MDU-aware"}
COLOURS = {"tail": "#b3541e", "tail200": "#d9a273", "codel": "#7a4ea8", "dscp": "#7d7d7d", "mdu-med": "#0b6e4f", "mdu-ofc": "#2f9fd0"}
FIGURES = [  # key, heading, factor, digits
    ("in_time", "in time, 150 ms %", 100, 1), ("in_time_60", "60 ms %", 100, 1), ("decodable", "decodable %", 100, 1),
    ("frozen", "frozen %", 100, 1), ("p50", "delay p50 ms", 1, 0), ("p95", "p95 ms", 1, 0), ("p99", "p99 ms", 1, 0),
    ("ssim", "SSIM", 1, 3), ("keys", "key frames %", 100, 1), ("wasted", "wasted airtime %", 100, 1)]


def interval(values):
    """Mean and half the width of its 95 % interval."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, None
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, T95[min(n - 1, 10)] * deviation / math.sqrt(n)


def text_of(pair, factor, digits):
    mean, half = pair
    return f"{mean * factor:.{digits}f}" + (f" ±{half * factor:.{digits}f}" if half is not None else "")


def arms_of(runs):
    """Every arm of a trace and codec, the MDU-aware ones of MED and OFC beside each other."""
    for run in runs:
        for arm in run["arms"]:
            label = arm["policy"] + ("-" + run["option"] if arm["policy"] == "mdu" else "")
            name = NAMES.get(arm["policy"], arm["policy"]) + (", " + run["option"].upper() if arm["policy"] == "mdu" else "")
            yield label, name, arm


def summarise(runs):
    rows = []
    for label, name, arm in arms_of(runs):
        row = {"arm": label, "name": name}
        for key, _, _, _ in FIGURES:
            row[key] = interval([s[key] for s in arm["seeds"]])
        row["damaged"] = sum(s["damaged"] for s in arm["seeds"])
        row["tcp"] = interval([s["bits"] / 1e6 for s in arm["tcp"]])
        row["tcp_in_time"] = interval([s["in_time"] for s in arm["tcp"]])
        rows.append(row)
    return rows


def differences(runs):
    """Seed by seed, what the MDU-aware policy has before another: the interval is of the differences."""
    by = {label: arm for label, _, arm in arms_of(runs)}
    out = {}
    for mine in ("mdu-med", "mdu-ofc"):
        for other in ("tail", "codel"):
            if mine in by and other in by:
                pairs = list(zip(by[mine]["seeds"], by[other]["seeds"]))
                out[mine + "/" + other] = {
                    "in_time": interval([a["in_time"] - b["in_time"] for a, b in pairs]),
                    "p95_ratio": interval([b["p95"] / a["p95"] for a, b in pairs])}
    if "mdu-med" in by and "mdu-ofc" in by:
        out["mdu-ofc/mdu-med"] = {"in_time": interval([a["in_time"] - b["in_time"] for a, b in
                                                       zip(by["mdu-ofc"]["seeds"], by["mdu-med"]["seeds"])])}
    return out


# --- Plots ----------------------------------------------------------------------------------------------------------------

def points(values, x0, width, y0, height, most):
    n = max(len(values) - 1, 1)
    return " ".join(f"{x0 + i * width / n:.1f},{y0 + height - min(v / most, 1) * height:.1f}" for i, v in enumerate(values))


def axis(x0, width, y0, height, xs, ys):
    out = [f'<path d="M{x0},{y0}V{y0 + height}H{x0 + width}" class="axis"/>']
    for where, label in xs:
        out.append(f'<text x="{x0 + where * width:.0f}" y="{y0 + height + 14}" text-anchor="middle">{label}</text>')
    for where, label in ys:
        out.append(f'<text x="{x0 - 5}" y="{y0 + height - where * height + 4:.0f}" text-anchor="end">{label}</text>')
    return "".join(out)


def plot_delay(runs):
    """Share of the frames sent that arrived whole within a delay, over the logarithm of it."""
    low, high, x0, y0, width, height = math.log10(10), math.log10(5000), 46, 8, 560, 200
    out = [axis(x0, width, y0, height, [((math.log10(v) - low) / (high - low), f"{v} ms") for v in (10, 30, 60, 150, 500, 1500, 5000)],
                [(0, "0"), (.5, "50 %"), (1, "100 %")])]
    for budget in (60, 150):
        x = x0 + (math.log10(budget) - low) / (high - low) * width
        out.append(f'<path d="M{x:.0f},{y0}v{height}" class="budget"/>')
    for label, _, arm in arms_of(runs):
        line = []
        for i in range(101):
            delay = sum(s["centiles"][i] for s in arm["seeds"]) / len(arm["seeds"])
            x = x0 + max(0, min(1, (math.log10(max(delay, 1)) - low) / (high - low))) * width
            line.append(f"{x:.1f},{y0 + height - i / 100 * height:.1f}")
        out.append(f'<polyline points="{" ".join(line)}" stroke="{COLOURS.get(label, "#000")}" class="line data"/>')
    return f'<svg viewBox="0 0 620 230" class="plot delay">{"".join(out)}</svg>'


def plot_timeline(run, label, name, arm):
    x0, width = 46, 560
    capacity, queue = run["capacity"], arm["timeline"]["queue"]
    most, deep = max(capacity + [1]), max(queue + [1])
    seconds = len(queue) * run["bin"]
    out = [axis(x0, width, 6, 60, [], [(0, "0"), (1, f"{most / 1e6:.0f} Mb/s")]),
           f'<polygon points="{x0},66 {points(capacity, x0, width, 6, 60, most)} {x0 + width},66" class="capacity data"/>',
           axis(x0, width, 76, 50, [], [(0, "0"), (1, f"{deep / 1e3:.0f} kB")]),
           f'<polyline points="{points(queue, x0, width, 76, 50, deep)}" stroke="{COLOURS.get(label, "#000")}" class="line data"/>',
           axis(x0, width, 136, 36, [(i / seconds, f"{i} s") for i in range(int(seconds) + 1)], [(.5, "frames")])]
    for sent, delay, kind in arm["timeline"]["frames"]:
        colour = "#c22" if delay < 0 else "#e8a33d" if delay > 150 else "#0b6e4f"
        tall = (34, 24, 14)[kind]
        out.append(f'<rect x="{x0 + sent / seconds * width:.1f}" y="{172 - tall}" width="1.4" height="{tall}" fill="{colour}" class="data"/>')
    return f'<figure><figcaption>{html.escape(name)}</figcaption><svg viewBox="0 0 620 192" class="plot timeline">{"".join(out)}</svg></figure>'


def png(ppm):
    """A PPM file as PNG: one IDAT, filter 0."""
    magic, size, _, pixels = ppm.split(b"\n", 3)
    assert magic == b"P6"
    width, height = map(int, size.split())
    rows = b"".join(b"\0" + pixels[y * width * 3:(y + 1) * width * 3] for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def film_strip(work, run, name, label):
    path = work / "strips" / f'{run["trace"]}-{run["codec"]}-{run["option"]}-{name}.ppm'
    if not path.exists():
        return ""
    data = base64.b64encode(png(path.read_bytes())).decode()
    return f'<figure><figcaption>{html.escape(label)}</figcaption><img class="strip" alt="{html.escape(label)}" src="data:image/png;base64,{data}"></figure>'


# --- The page -----------------------------------------------------------------------------------------------------------------

STYLE = """body{font:14px/1.45 sans-serif;margin:2em auto;max-width:80em;padding:0 1em;color:#222}table{border-collapse:collapse;margin:1em 0}
td,th{padding:.25em .6em;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}td:first-child,th:first-child{text-align:left}
.plot{max-width:46em;width:100%;font-size:10px}.axis{stroke:#999;fill:none}.budget{stroke:#bbb;stroke-dasharray:3 3}.line{fill:none;stroke-width:1.6}
.capacity{fill:#cfe3f5}figure{margin:.4em 0}figcaption{font-weight:bold;font-size:12px}.strip{width:100%;max-width:80em}.key b{margin-right:1.2em}
tr.mdu{background:#eef7f2}"""


def table_html(rows):
    head = "".join(f"<th>{html.escape(h)}</th>" for _, h, _, _ in FIGURES)
    out = [f"<table><tr><th>policy</th>{head}<th>TCP beside it Mb/s</th><th>video in time with TCP %</th></tr>"]
    for r in rows:
        cells = "".join(f"<td>{text_of(r[k], f, d)}</td>" for k, _, f, d in FIGURES)
        out.append(f'<tr class="{r["arm"].split("-")[0]}"><td>{html.escape(r["name"])}</td>{cells}<td>{text_of(r["tcp"], 1, 2)}</td>'
                   f'<td>{text_of(r["tcp_in_time"], 100, 1)}</td></tr>')
    return "".join(out) + "</table>"


def bound_text(run):
    return (f"bound: no schedule brings more than {text_of(interval(run['bound']), 100, 1)} % in time, not even one that knows the link and the film "
            "beforehand")


def section(work, runs, rows, gains):
    run = runs[0]
    out = [f'<h2>{run["trace"]}, {"H.264" if run["codec"] == "h264" else "VP8"}</h2><p>Mean {run["mean"] / 1e6:.1f} Mb/s, '
           f'{run["low"] * 100:.0f} % of windows of 100 ms below a quarter of it, {run["dips"]:.0f} dips of 200 ms or more a minute, longest gap '
           f'{run["gap"]:.1f} s. Offered load {run["load"]:.2f} of the mean; {run["frames"]} frames, {run["keys"]} key frames.</p>', table_html(rows)]
    for name, g in gains.items():
        mine, other = name.split("/")
        line = f'{mine} before {other}: {text_of(g["in_time"], 100, 1)} points of frames in time'
        if "p95_ratio" in g:
            line += f'; p95 delay {text_of(g["p95_ratio"], 1, 1)} times lower'
        out.append(f"<p>{html.escape(line)}</p>")
    out.append(f"<p>{html.escape(bound_text(run))}</p>")
    out.append('<h3>Delay of the frames that arrived whole</h3><p class="key">' + "".join(
        f'<b style="color:{COLOURS.get(label, "#000")}">{html.escape(name)}</b>' for label, name, _ in arms_of(runs)) + "</p>" + plot_delay(runs))
    out.append("<h3>Ten seconds of it</h3><p>Capacity; what waits; frames where they were sent (tall: key; short: nothing depends on it): "
               "green in time, yellow late, red never.</p>")
    out += [plot_timeline(run, label, name, arm) for label, name, arm in arms_of(runs)]
    out.append("<h3>The same second, as the viewer saw it</h3>" + film_strip(work, run, "source", "what was filmed"))
    for one in runs:
        for label, name, arm in arms_of([one]):
            out.append(film_strip(work, one, arm["policy"], name))
    return "".join(out)


def table_text(groups):
    out = []
    for (trace, codec), (runs, rows, gains) in groups.items():
        out.append(f"{trace}, {codec}: load {runs[0]['load']:.2f} of {runs[0]['mean'] / 1e6:.1f} Mb/s, {runs[0]['frames']} frames, "
                   f"{len(runs[0]['arms'][0]['seeds'])} seeds; ± is the 95 % interval")
        out.append(f"  {'policy':24}" + "".join(f"{h:>19}" for _, h, _, _ in FIGURES) + f"{'TCP beside Mb/s':>19}")
        for r in rows:
            out.append(f"  {r['name']:24}" + "".join(f"{text_of(r[k], f, d):>19}" for k, _, f, d in FIGURES) + f"{text_of(r['tcp'], 1, 2):>19}")
        out.append("  " + bound_text(runs[0]))
        for name, g in gains.items():
            ratio = f"; p95 delay {text_of(g['p95_ratio'], 1, 1)} times lower" if "p95_ratio" in g else ""
            out.append(f"  {name.replace('/', ' before ')}: {text_of(g['in_time'], 100, 1)} points of frames in time{ratio}")
        out.append("")
    return "\n".join(out)


def main():
    work, to = map(pathlib.Path, sys.argv[1:3])
    groups = {}
    for path in sorted(work.glob("*-*-*.json")):
        run = json.loads(path.read_text())
        groups.setdefault((run["trace"], run["codec"]), []).append(run)
    groups = {key: (runs, summarise(runs), differences(runs)) for key, runs in
              ((k, sorted(v, key=lambda r: r["option"])) for k, v in groups.items())}
    if not groups:
        sys.exit("page.py: nothing was played")
    broken = [f"{key}: {r['name']}" for key, (_, rows, _) in groups.items() for r in rows if r["damaged"]]
    result = [{"trace": t, "codec": c, "load": runs[0]["load"], "mean": runs[0]["mean"], "low": runs[0]["low"], "dips": runs[0]["dips"],
               "gap": runs[0]["gap"], "frames": runs[0]["frames"], "bound": interval(runs[0]["bound"]), "arms": rows, "differences": gains,
               "seeds": {label: [{k: v for k, v in s.items() if k != "centiles"} for s in arm["seeds"]] for label, _, arm in arms_of(runs)}}
              for (t, c), (runs, rows, gains) in groups.items()]
    text = table_text(groups)
    (to / "gain.json").write_text(json.dumps(result, indent=1) + "\n")
    (to / "gain.txt").write_text(text)
    body = "".join(section(work, *group) for group in groups.values())
    (to / "gain.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>mdshim: what the marks buy</title><style>{STYLE}</style>'
        "<h1>The same packets over the same radio link, with and without marks</h1><p>Each arm plays the same recorded packets over the same "
        "trace; only the queue differs. ± is the 95 % interval over seeds (Student's t). Delay counts from the arrival of a frame's first packet at "
        "the router to the arrival of its last at the client; a frame is in time if it and all it refers to arrived within the budget. The link is an "
        "emulation (demo/radio/README.md says of what), not a radio.</p>" + body + "</html>\n")
    if broken:
        sys.exit("page.py: the decoder made other pictures than of the whole stream: " + "; ".join(broken))


if __name__ == "__main__":
    main()
