"""The results as Markdown, to be read in a terminal and pasted into a document."""

from suite.bars import milliseconds, rate, spread

COLUMNS = ["what", "measured", "beside", "ratio, median (min–max)", "bar", "verdict"]
DETAILS = [("a second", "per_second", rate), ("p50, ms", "p50_us", milliseconds), ("p99, ms", "p99_us", milliseconds),
           ("daemon's cores", "daemon_cores", "{:.2f}".format), ("generator's cores", "generator_cores", "{:.2f}".format)]


def table(columns, rows, right=0):
    """The last `right` columns are numbers."""
    rule = [":---"] * (len(columns) - right) + ["---:"] * right
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, rule, *rows])


def bars_table(bars, rounds):
    return table(COLUMNS, [bar_row(bar, rounds) for bar in bars])


def bar_row(bar, rounds):
    skipped = [subject.skipped for subject in bar.needs if subject.skipped]
    if skipped:
        return [bar.what, "–", "–", "–", bar.text, f"skipped: {skipped[0]}".replace("|", "/")]
    found = rounds_of(bar, rounds)
    ratio = spread(bar.values(found), "{:.2f}".format) if bar.is_ratio else "–"
    beside = "<br>".join(quantity.cell(found) for quantity in bar.beside)
    return [bar.what, bar.measured.cell(found), beside, ratio, bar.text, bar.verdict(found)]


def rounds_of(bar, rounds):
    """The rounds that have what the bar needs: what is measured alone has rounds of its own."""
    return rounds["alone" if any(subject.is_alone for subject in bar.needs) else "together"]


def missed(bars, rounds):
    """The bars that were measured and not met."""
    return [bar for bar in bars if bar.limit is not None and not any(subject.skipped for subject in bar.needs)
            and not bar.is_met(rounds_of(bar, rounds))]


def details_table(rounds):
    """Every figure that has a rate or a latency, in the order in which it was first measured."""
    labels = list(dict.fromkeys(label for figures in rounds["together"] for label in sorted(figures, key=order)))
    rows = []
    for label in labels:
        found = [figures[label] for figures in rounds["together"]]
        if any(key in found[0] for _, key, _ in DETAILS):
            rows.append([label, *(cell(found, key, form) for _, key, form in DETAILS)])
    return table(["figure", *(name for name, _, _ in DETAILS)], rows, len(DETAILS)) if rows else ""


def order(label):
    """Loads first, by their number of connections."""
    name, _, number = label.partition(", ")
    return (0, int(number), name) if number.isdigit() else (1, 0, "")


def cell(found, key, form):
    values = [figure[key] for figure in found if figure.get(key) is not None]
    return spread(values, form) if len(values) == len(found) else "–"


def facts_list(facts):
    return "\n".join(f"- {name}: {value}" for name, value in facts)
