#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""page.py WORK OUT - from what play wrote: gain.json, gain.txt (the table) and gain.html, which needs nothing else."""
import base64
import bisect
import html
import json
import math
import pathlib
import struct
import sys
import zlib

# Student's t, two-sided 95 %, by degrees of freedom.
T95 = [None, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
       2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]
NAMES = {"tail": "tail drop", "tail200": "tail drop, 200 packets", "codel": "CoDel", "dscp": "DSCP, 3 classes", "mdu": "MDU-aware"}
COLOURS = {"tail": "#b3541e", "tail200": "#d9a273", "codel": "#7a4ea8", "dscp": "#7d7d7d", "mdu-med": "#0b6e4f", "mdu-ofc": "#2f9fd0"}
FIGURES = [  # key, heading, factor, digits
    ("in_time", "in time, 150 ms %", 100, 1), ("in_time_60", "60 ms %", 100, 1), ("decodable", "decodable %", 100, 1),
    ("frozen", "frozen %", 100, 1), ("p50", "delay p50 ms", 1, 0), ("p95", "p95 ms", 1, 0), ("p99", "p99 ms", 1, 0),
    ("ssim", "SSIM", 1, 3), ("keys", "key frames %", 100, 1), ("wasted", "wasted airtime %", 100, 1)]
WASTE = [  # key, why airtime was wasted
    ("forced", "key frames that are late on a free link as well"), ("key", "other late key frames"), ("late", "other late frames"),
    ("orphan", "in time, but not what they refer to"), ("part", "begun, not finished")]


def interval(values):
    """Mean and half the width of its 95 % interval."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, None
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1))
    return mean, T95[min(n - 1, len(T95) - 1)] * deviation / math.sqrt(n)


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
        row["waste"] = {key: interval([s["waste"][key] for s in arm["seeds"]]) for key, _ in WASTE}
        row["damaged"] = sum(s["damaged"] for s in arm["seeds"])
        row["tcp"] = interval([s["bits"] / 1e6 for s in arm["tcp"]])
        row["tcp_in_time"] = interval([s["in_time"] for s in arm["tcp"]])
        rows.append(row)
    return rows


def title(arm):
    """tail, mdu-med and so on, for people."""
    policy, _, option = arm.partition("-")
    return NAMES.get(policy, policy) + (f" ({option.upper()})" if option else "")


def signed(pair, factor, digits):
    return ("+" if pair[0] * factor >= 0 else "") + text_of(pair, factor, digits)


def line_of(name, gain):
    """One comparison in words."""
    mine, other = name.split("/")
    out = f'{title(mine)} against {title(other)}: {signed(gain["in_time"], 100, 1)} points of frames in time'
    if "p95_ratio" in gain:
        out += f', p95 delay {text_of(gain["p95_ratio"], 1, 1)} times lower'
    if "ssim" in gain:
        out += f', SSIM {signed(gain["ssim"], 1, 3)}, {signed(gain["got"], 1e-6, 2)} Mb/s arrived'
    return out


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


def share_within(seeds, delay):
    """Mean share of all frames sent that could be decoded within a delay."""
    return sum(s["decodable"] * bisect.bisect_right(s["usable"], delay) / 101 for s in seeds) / len(seeds)


def plot_delay(runs):
    low, high, x0, y0, width, height = math.log10(10), math.log10(5000), 46, 8, 560, 220

    def across(delay):
        return (math.log10(delay) - low) / (high - low)
    out = [axis(x0, width, y0, height, [(across(v), f"{v} ms") for v in (10, 30, 60, 150, 500, 1500, 5000)],
                [(i / 4, f"{25 * i} %") for i in range(5)])]
    for budget in (60, 150):
        out.append(f'<path d="M{x0 + across(budget) * width:.0f},{y0}v{height}" class="budget"/>')
    for label, _, arm in arms_of(runs):
        line = [f"{x0 + i / 140 * width:.1f},{y0 + height - share_within(arm['seeds'], 10 ** (low + (high - low) * i / 140)) * height:.1f}"
                for i in range(141)]
        dash = ' stroke-dasharray="7 4"' if label == "mdu-ofc" else ""
        out.append(f'<polyline points="{" ".join(line)}" stroke="{COLOURS.get(label, "#000")}"{dash} class="line data"/>')
    return f'<svg viewBox="0 0 640 250" class="plot delay">{"".join(out)}</svg>'


def plot_timeline(run, label, name, arm, deep):
    x0, width = 56, 550
    capacity, queue = run["capacity"], arm["timeline"]["queue"]
    most = max(capacity + [1])
    seconds = len(queue) * run["bin"]
    thumbs = f'<rect x="{x0 + run["strip"] / seconds * width:.0f}" y="4" width="{width * 1.17 / seconds:.0f}" height="170" class="thumbs"/>'
    out = [thumbs, axis(x0, width, 6, 60, [], [(0, "0"), (1, f"{most / 1e6:.0f} Mb/s")]),
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

STYLE = """body{font:14px/1.45 sans-serif;margin:2em auto;max-width:84em;padding:0 1em;color:#222}p{max-width:62em}
table{border-collapse:collapse;margin:1em 0;font-size:12px}td,th{padding:.25em .5em;border-bottom:1px solid #ddd;text-align:right;white-space:nowrap}
th{white-space:normal;vertical-align:bottom}td:first-child,th:first-child{text-align:left}
.plot{max-width:46em;width:100%;font-size:11px}.axis{stroke:#999;fill:none}.budget{stroke:#999;stroke-dasharray:3 3}.line{fill:none;stroke-width:1.6}
.capacity{fill:#cfe3f5}.thumbs{fill:#eee}figure{margin:.4em 0}figcaption{font-weight:bold;font-size:12px}.strip{width:100%;max-width:84em}.key b{margin-right:1.2em}.key b.is{margin:0}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(34em,1fr));gap:.2em 1em}tr.mdu{background:#eef7f2}h2{border-top:2px solid #222;padding-top:.6em;margin-top:2em}"""


def overview(groups, closed, gained):
    """What it comes to, on one screen."""
    out = ["<table><tr><th>link, codec</th><th>in time, tail drop %</th><th>CoDel %</th><th>MDU-aware, MED %</th><th>MDU-aware, OFC %</th>"
           "<th>points before tail drop</th><th>points before CoDel</th><th>p95 delay, times lower than tail drop</th><th>key frames %</th>"
           "<th>wasted airtime %</th><th>SSIM, tail drop</th><th>SSIM, MDU-aware</th></tr>"]
    lines = [(f'<a href="#{t}-{c}">{t}, {"H.264" if c == "h264" else "VP8"}</a>', rows, gains) for (t, c), (_, rows, gains) in groups.items()]
    if closed:
        lines.append(('<a href="#closed">a sender that reacts</a>', closed, gained))
    for name, rows, gains in lines:
        by = {r["arm"]: r for r in rows}

        def cell(arm, key, factor, digits):
            return f'<td>{text_of(by[arm][key], factor, digits) if arm in by else ""}</td>'

        def gain(other, key, factor, digits):
            g = gains.get("mdu-med/" + other)
            return f'<td>{text_of(g[key], factor, digits) if g else ""}</td>'
        out.append(f"<tr><td>{name}</td>" + "".join(cell(a, "in_time", 100, 1) for a in ("tail", "codel", "mdu-med", "mdu-ofc")) +
                   gain("tail", "in_time", 100, 1) + gain("codel", "in_time", 100, 1) + gain("tail", "p95_ratio", 1, 1) +
                   cell("mdu-med", "keys", 100, 1) + cell("mdu-med", "wasted", 100, 1) + cell("tail", "ssim", 1, 3) + cell("mdu-med", "ssim", 1, 3) + "</tr>")
    return "".join(out) + "</table>"


def table_html(rows):
    head = "".join(f"<th>{html.escape(h)}</th>" for _, h, _, _ in FIGURES)
    out = [f"<table><tr><th>policy</th>{head}<th>TCP beside it Mb/s</th><th>video in time with TCP %</th></tr>"]
    for r in rows:
        cells = "".join(f"<td>{text_of(r[k], f, d)}</td>" for k, _, f, d in FIGURES)
        out.append(f'<tr class="{r["arm"].split("-")[0]}"><td>{html.escape(r["name"])}</td>{cells}<td>{text_of(r["tcp"], 1, 2)}</td>'
                   f'<td>{text_of(r["tcp_in_time"], 100, 1)}</td></tr>')
    return "".join(out) + "</table>"


def waste_html(rows):
    """Where the wasted airtime went."""
    head = "".join(f"<th>{html.escape(why)} %</th>" for _, why in WASTE)
    body = "".join(f'<tr class="{r["arm"].split("-")[0]}"><td>{html.escape(r["name"])}</td><td>{text_of(r["wasted"], 100, 1)}</td>' +
                   "".join(f'<td>{text_of(r["waste"][key], 100, 1)}</td>' for key, _ in WASTE) + "</tr>" for r in rows)
    return ("<h3>Where the wasted airtime went</h3><p>Share of all airtime. Key frames are sent even when they are late, since a second of film refers to "
            "them; those of the first kind are late in any queue that sends them: the link carries too little in 150 ms after they came.</p>"
            f"<table><tr><th>policy</th><th>wasted airtime %</th>{head}</tr>{body}</table>")


def waste_line(row):
    return (f"wasted airtime of {title(row['arm'])}: " + ", ".join(f"{text_of(row['waste'][key], 100, 1)} % {why}" for key, why in WASTE))


def bound_text(run):
    return (f"bound: no schedule brings more than {text_of(interval(run['bound']), 100, 1)} % in time, not even one that knows the link and the film "
            "beforehand")


def section(work, runs, rows, gains):
    run = runs[0]
    out = [f'<h2 id="{run["trace"]}-{run["codec"]}">{run["trace"]}, {"H.264" if run["codec"] == "h264" else "VP8"}</h2><p>Mean {run["mean"] / 1e6:.1f} Mb/s, '
           f'{run["low"] * 100:.0f} % of windows of 100 ms below a quarter of it, {run["dips"]:.0f} dips of 200 ms or more a minute, longest gap '
           f'{run["gap"]:.1f} s. Offered load {run["load"]:.2f} of the mean; {run["frames"]} frames, {run["keys"]} key frames.</p>', table_html(rows)]
    out.append("<ul>" + "".join(f"<li>{html.escape(line_of(*one))}</li>" for one in gains.items()) + "</ul>")
    out.append(f"<p>{html.escape(bound_text(run))}</p>")
    out.append(waste_html(rows))
    deep = max(max(arm["timeline"]["queue"]) for _, _, arm in arms_of(runs)) or 1
    out.append('<h3>How long a frame took</h3><p>Share of all frames sent that could be decoded within a delay (logarithmic, mean of the seeds); where a line '
               'ends flat, the rest never could. The dashed budgets are 60 and 150 ms: there it shows the figures "in time" of the table.</p><p class="key">' + "".join(
                   f'<b style="color:{COLOURS.get(label, "#000")}">{html.escape(name)}</b>' for label, name, _ in arms_of(runs)) + "</p>" + plot_delay(runs))
    out.append('<h3>Ten seconds of the first seed, around the leanest one</h3><p class="key">From above: what the link can carry; what waits in the queue (same scale '
               'everywhere); frames where they were sent, tall ones key frames, short ones those that nothing depends on: <b class="is" style="color:#0b6e4f">in '
               'time</b>, <b class="is" style="color:#b87a1a">too late to be shown</b>, <b class="is" style="color:#c22">never decodable</b>. The grey band is the film strip '
               "below.</p><div class=grid>")
    out += [plot_timeline(run, label, name, arm, deep) for label, name, arm in arms_of(runs)]
    out.append("</div><h3>The same second, as the viewer saw it</h3><p>Every fifth picture, as the link comes back. A red edge: nothing new was there in time, the "
               "old picture stands.</p>" + film_strip(work, run, "source", "what was filmed"))
    for one in runs:
        for label, name, arm in arms_of([one]):
            out.append(film_strip(work, one, arm["policy"], name))
    return "".join(out)


# --- The closed loop --------------------------------------------------------------------------------------------------------------

CLOSED = FIGURES + [("sent", "sent Mb/s", 1e-6, 2), ("got", "got Mb/s", 1e-6, 2)]


def closed_rows(runs):
    """One row for each policy, in the order of NAMES; seeds are repetitions in real time."""
    rows = []
    for policy in NAMES:
        mine = sorted((r for r in runs if r["policy"] == policy), key=lambda r: r["seed"])
        if mine:
            row = {"arm": "mdu-med" if policy == "mdu" else policy, "name": NAMES[policy] + (", MED" if policy == "mdu" else ""), "runs": mine}
            row.update({key: interval([r[key] for r in mine]) for key, _, _, _ in CLOSED})
            row["damaged"] = sum(r["damaged"] for r in mine)
            rows.append(row)
    return rows


def closed_gains(rows):
    by = {r["arm"]: r for r in rows}
    out = {}
    for other in ("tail", "codel"):
        if other in by and "mdu-med" in by:
            pairs = list(zip(by["mdu-med"]["runs"], by[other]["runs"]))
            out["mdu-med/" + other] = {key: interval([a[key] - b[key] for a, b in pairs]) for key in ("in_time", "ssim", "got")}
            out["mdu-med/" + other]["p95_ratio"] = interval([b["p95"] / a["p95"] for a, b in pairs])
    return out


def closed_about(rows):
    run = rows[0]["runs"][0]
    n = len(rows[0]["runs"])
    return (f'{run["trace"]}, H.264: for each policy {n} {"runs" if n > 1 else "run"} of {run["frames"] / 30:.0f} s in real time' +
            ("; ± is the 95 % interval" if n > 1 else ""))


def plot_rate(row):
    """What the sender chose, what it sent and what arrived, of the first seed."""
    run = row["runs"][0]
    x0, width, y0, height = 60, 546, 8, 90
    most = max([r[1] for r in run["rates"]] + run["sent_in"] + run["got_in"])
    seconds = len(run["got_in"]) * run["bin"]
    chosen = " ".join(f"{x0 + min(r[0] / seconds, 1) * width:.1f},{y0 + height - r[1] / most * height:.1f}" for r in run["rates"])
    bars = "".join(f'<rect x="{x0 + i * run["bin"] / seconds * width:.1f}" y="{y0 + height - v / most * height:.1f}" width="'
                   f'{run["bin"] / seconds * width - .6:.1f}" height="{v / most * height:.1f}" class="capacity data"/>' for i, v in enumerate(run["got_in"]))
    return (f'<figure><figcaption>{html.escape(row["name"])}</figcaption><svg viewBox="0 0 620 120" class="plot rate">{bars}'
            f'<polyline points="{chosen}" stroke="{COLOURS.get(row["arm"], "#000")}" class="line data"/>' +
            axis(x0, width, y0, height, [(i / seconds, f"{i} s") for i in range(0, int(seconds) + 1, 2)], [(0, "0"), (1, f"{most / 1e6:.1f} Mb/s")]) +
            "</svg></figure>")


def closed_html(rows, gains):
    if not rows:
        return ""
    head = "".join(f"<th>{html.escape(h)}</th>" for _, h, _, _ in CLOSED)
    body = "".join(f'<tr class="{r["arm"].split("-")[0]}"><td>{html.escape(r["name"])}</td>' +
                   "".join(f"<td>{text_of(r[k], f, d)}</td>" for k, _, f, d in CLOSED) + "</tr>" for r in rows)
    return (f'<h2 id="closed">When the sender reacts</h2><p>{html.escape(closed_about(rows))}.</p><p>Everything above is open loop: the server keeps its rate '
            "whatever happens. Here it does not: a GStreamer sender hears from the client with each frame which packets came and when, and changes "
            "x264's bitrate (additive increase, multiplicative decrease on delay and loss; demo/gain/rate.h). Its packets go through the shim and "
            "mdrouter's radio link in real time. A sender that keeps out of queues leaves less for a scheduler to gain, and one that drops "
            "frames looks to it like loss: so look at what arrived beside what was in time. Real time does not repeat exactly: another "
            f"run gives other figures within the intervals.</p><table><tr><th>policy</th>{head}</tr>{body}</table>" +
            "<ul>" + "".join(f"<li>{html.escape(line_of(*one))}</li>" for one in gains.items()) + "</ul>"
            "<h3>Rate of the first run</h3><p>Line: what the sender chose; blue: what arrived in each half second.</p>" +
            '<div class="grid">' + "".join(plot_rate(r) for r in rows) + "</div>")


def closed_text(rows, gains):
    if not rows:
        return []
    out = ["closed loop (the sender follows its client's feedback): " + closed_about(rows),
           f"  {'policy':24}" + "".join(f"{h:>19}" for _, h, _, _ in CLOSED)]
    out += [f"  {r['name']:24}" + "".join(f"{text_of(r[k], f, d):>19}" for k, _, f, d in CLOSED) for r in rows]
    return out + ["  " + line_of(*one) for one in gains.items()] + [""]


def table_text(groups):
    out = []
    for (trace, codec), (runs, rows, gains) in groups.items():
        out.append(f"{trace}, {codec}: load {runs[0]['load']:.2f} of {runs[0]['mean'] / 1e6:.1f} Mb/s, {runs[0]['frames']} frames, "
                   f"{len(runs[0]['arms'][0]['seeds'])} seeds; ± is the 95 % interval")
        out.append(f"  {'policy':24}" + "".join(f"{h:>19}" for _, h, _, _ in FIGURES) + f"{'TCP beside Mb/s':>19}")
        for r in rows:
            out.append(f"  {r['name']:24}" + "".join(f"{text_of(r[k], f, d):>19}" for k, _, f, d in FIGURES) + f"{text_of(r['tcp'], 1, 2):>19}")
        out.append("  " + bound_text(runs[0]))
        out += ["  " + waste_line(r) for r in rows if r["arm"] in ("tail", "mdu-med")]
        out += ["  " + line_of(*one) for one in gains.items()]
        out.append("")
    return "\n".join(out)


def main():
    work, to = map(pathlib.Path, sys.argv[1:3])
    groups = {}
    closed = closed_rows([json.loads(path.read_text()) for path in sorted(work.glob("closed-*.json"))])
    gained = closed_gains(closed)
    for path in sorted(work.glob("*-*-*.json")):
        run = json.loads(path.read_text())
        if "arms" not in run:
            continue
        groups.setdefault((run["trace"], run["codec"]), []).append(run)
    groups = {key: (runs, summarise(runs), differences(runs)) for key, runs in
              ((k, sorted(v, key=lambda r: r["option"])) for k, v in groups.items())}
    if not groups:
        sys.exit("page.py: nothing was played")
    broken = [f"{key}: {r['name']}" for key, (_, rows, _) in [*groups.items(), ("closed loop", (0, closed, 0))] for r in rows if r["damaged"]]
    result = [{"trace": t, "codec": c, "load": runs[0]["load"], "mean": runs[0]["mean"], "low": runs[0]["low"], "dips": runs[0]["dips"],
               "gap": runs[0]["gap"], "frames": runs[0]["frames"], "bound": interval(runs[0]["bound"]), "arms": rows, "differences": gains,
               "seeds": {label: [{k: v for k, v in s.items() if k != "usable"} for s in arm["seeds"]] for label, _, arm in arms_of(runs)}}
              for (t, c), (runs, rows, gains) in groups.items()]
    if closed:
        result.append({"closed_loop": closed[0]["runs"][0]["trace"], "seconds": closed[0]["runs"][0]["frames"] / 30, "differences": gained,
                       "arms": [{k: v for k, v in r.items() if k != "runs"} for r in closed],
                       "seeds": {r["arm"]: [{k: v for k, v in s.items() if k != "usable"} for s in r["runs"]] for r in closed}})
    text = table_text(groups) + ("\n" + "\n".join(closed_text(closed, gained)) if closed else "")
    (to / "gain.json").write_text(json.dumps(result, indent=1) + "\n")
    (to / "gain.txt").write_text(text)
    body = "".join(section(work, *group) for group in groups.values())
    (to / "gain.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>mdshim: what the marks buy</title><style>{STYLE}</style>'
        "<h1>The same packets over the same radio link, with and without marks</h1><p>Each arm plays the same recorded packets over the same "
        "trace; only the queue differs. ± is the 95 % interval over seeds (Student's t). Delay counts from the arrival of a frame's first packet at "
        "the router to the arrival of its last at the client; a frame is in time if it and all it refers to arrived within the budget (150 ms, where "
        "nothing else is said), and decodable if they arrived at any time. Frozen is time in which the picture stood still for five frames or more; wasted airtime "
        "went to frames that were not in time; SSIM compares what the viewer saw, frozen pictures repeated, with what was filmed (1: the same). The link is an "
        "emulation (demo/radio/README.md says of what), not a radio.</p>" + overview(groups, closed, gained) + body + closed_html(closed, gained) + "</html>\n")
    if broken:
        sys.exit("page.py: the decoder made other pictures than of the whole stream: " + "; ".join(broken))


if __name__ == "__main__":
    main()
