"""Counts what llvm-cov exported of one room: python3 coverage.py ROOM BRANCHES.json LINES.lcov MISSED.txt

A branch is one side of a condition. Several instances of a generic function are one: what one of them
ran is run.
"""

import json
import sys


def first_test_line(path):
    """Where the tests of a file begin; behind its last line where it has none."""
    lines = open(path, encoding="utf8").read().split("\n")
    for number, line in enumerate(lines):
        if line == "#[cfg(test)]" and any(after.startswith("mod tests {") for after in lines[number : number + 4]):
            return number + 1
    return len(lines) + 1


def runs_of_lines(lcov):
    """Of each file, how often each line with code was run."""
    files, path = {}, None
    for line in open(lcov, encoding="utf8"):
        if line.startswith("SF:"):
            path = line[3:].rstrip("\n")
        elif line.startswith("DA:"):
            number, count = line[3:].split(",")[:2]
            of_file = files.setdefault(path, {})
            of_file[int(number)] = max(of_file.get(int(number), 0), int(count))
    return files


def sides_of_branches(export):
    """Of each file, how often each condition was true and false."""
    files = {}
    for file in json.load(open(export, encoding="utf8"))["data"][0]["files"]:
        of_file = files.setdefault(file["filename"], {})
        for line, column, to, last, true, false, *_ in file.get("branches", []):
            before = of_file.get((line, column, to, last), (0, 0))
            of_file[line, column, to, last] = (before[0] + true, before[1] + false)
    return files


def share(part, whole):
    return f"{100 * part / whole:.1f}" if whole else "-"


def main(room, export, lcov, missed):
    said, lines, covered, sides, taken = [], 0, 0, 0, 0
    branches = sides_of_branches(export)
    for path, runs in sorted(runs_of_lines(lcov).items()):
        name, end = path[path.index("/src/") + 1 :], first_test_line(path)
        runs = {number: count for number, count in runs.items() if number < end}
        both = {place: counts for place, counts in branches.get(path, {}).items() if place[0] < end}
        lines += len(runs)
        covered += sum(count > 0 for count in runs.values())
        sides += 2 * len(both)
        taken += sum((true > 0) + (false > 0) for true, false in both.values())
        said += [f"{name}:{number}: never run" for number, count in sorted(runs.items()) if not count]
        for (line, column, *_), (true, false) in sorted(both.items()):
            if bool(true) != bool(false):
                said.append(f"{name}:{line}:{column}: never {'false' if true else 'true'}")
    with open(missed, "w", encoding="utf8") as out:
        out.writelines(line + "\n" for line in said)
    print(room, lines, covered, share(covered, lines), sides, taken, share(taken, sides), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
