/* SPDX-License-Identifier: MIT */
/* The tables at the end of the page: times, settings, host, and all figures of the result. */
"use strict";

/* A statistic, and below it its interval, where it has one. */
function makeStatistic(times, key) {
	const value = formatTime(times[key]);
	const interval = formatInterval(times[`${key}_low`], times[`${key}_high`]);
	return interval === "" ? value
		: {content: [value, make("span", {class: "interval"}, interval)]};
}

function addTimes() {
	const rows = data.times.flatMap((row) => parts.map((part) => {
		const times = part.result[`${row.name}_us`];
		const hidden = times.count === 0
			|| (row.name === "lag" && part.result.generator.pace === null);
		const name = {content: [row.name,
			make("span", {class: "interval"}, `${row.by}: ${row.span}`)]};
		return hidden ? null : [name, ...single ? [] : [part.label],
			...data.statistics.map(({key}) => makeStatistic(times, key)),
			formatCount(times.count)];
	})).filter(isKnown);
	if (rows.length > 0) {
		main.append(make("h2", {}, "Times"), makeTable(
			"Each was measured by itself; below a percentile is its 95% interval, as far as it is known",
			[{title: "time", kind: "word"}, ...single ? [] : [{title: "result"}],
				...data.statistics.map(({name}) => ({title: name, kind: "number"})),
				{title: "connections", kind: "number"}], rows));
	}
}

/* By the names of the members, whose ends are their units. */
function formatMember(name, value) {
	if (Array.isArray(value)) {
		return value.length > 0 ? value.join(", ") : "none";
	}
	if (typeof value === "boolean") {
		return value ? "yes" : "no";
	}
	if (typeof value === "number" && name.endsWith("_ns")) {
		return formatSpan(value / 1e3);
	}
	return typeof value === "number" ? formatCount(value) : value ?? "by default";
}

function makeSettings() {
	const names = Object.keys(parts[0].result.settings);
	return makeComparison("As they were given, or by default", names.map((name) =>
		[name.replace(/_ns$/, "").replaceAll("_", " "),
			...eachPart((result) => formatMember(name, result.settings[name]))]));
}

/* The figures of a group of which something is known. */
function figureRows(group) {
	return data.figures.filter((figure) => figure.group === group).map((figure) =>
		[figure.title, ...eachPart((result) =>
			formatFigure(result[group]?.[figure.name], figure.unit))])
		.filter(([, ...cells]) => cells.some((cell) => cell !== NOT_KNOWN));
}

function makeHost() {
	return makeComparison("Where it ran", [
		["kernel", ...eachPart((result) => result.host.kernel ?? NOT_KNOWN)],
		["engine", ...eachPart((result) => result.generator.engine ?? "none")],
		...figureRows("host"),
		["CPU while dialing, of one", ...eachPart(({generator}) => isKnown(generator.cpu_share)
			? formatShare(generator.cpu_share, 1) : NOT_KNOWN)],
		["tcpgoon", ...eachPart((result) => result.tool.version)],
	]);
}

function addFacts() {
	main.append(make("div", {class: single ? "facts pair" : "facts"},
		make("section", {}, make("h2", {}, "Settings"), makeSettings()),
		make("section", {}, make("h2", {}, "Host"), makeHost())));
	const groups = [["connections", "Connections"], ["kernel", "What the kernel knows"],
		["closing", "Closing"], ["listener", "Listening socket of the target"],
		["stalls", "Stalls of this program"], ["generator", "Generator"],
		["tables", "Tables of the host"], ["left_for_others", "Left to other programs"]];
	main.append(make("section", {class: "figures"}, make("h2", {}, "All figures"),
		groups.map(([group, title]) => {
			const rows = figureRows(group);
			return rows.length === 0 ? null
				: make("details", {}, make("summary", {}, title), makeComparison(title, rows));
		})));
}
