/* SPDX-License-Identifier: MIT */
/* The page: of one result, or of several side by side. Its data are those of page_data.c. */
"use strict";

const SIGNS = {
	good: "M5 12.5l4.5 4.5L19 7.5",
	bad: "M6 6l12 12M18 6L6 18",
	warn: "M12 4v10M12 18.5v.5",
};

const data = JSON.parse(document.getElementById("data").textContent);
const parts = data.parts;
const single = parts.length === 1;
const main = document.getElementById("main");

/* ---- Names ----------------------------------------------------------------------------------- */

function targetOf(result) {
	const host = result.target.host ?? "no target";
	const shown = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
	return result.settings.ports ? `${shown}:${result.settings.ports}` : shown;
}

/* Files by the ends of their paths that tell them apart, without ".json". */
function nameParts() {
	const paths = parts.map((part) => (part.name ?? targetOf(part.result)).split("/"));
	const named = (length) => paths.map((path) =>
		path.slice(-length).join("/").replace(/\.json$/, ""));
	const longest = Math.max(...paths.map((path) => path.length));
	let length = 1;
	while (length < longest && new Set(named(length)).size < paths.length) {
		length++;
	}
	named(length).forEach((name, i) => { parts[i].label = name; });
}

/* A cell for each result. */
function eachPart(read) {
	return parts.map((part) => read(part.result, part));
}

/* ---- What it comes to ------------------------------------------------------------------------ */

function toneOf(status) {
	return status === 0 ? "good" : status === 1 || status === 4 ? "warn" : "bad";
}

function makeSign(tone) {
	return make("svg", {class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true"},
		make("path", {d: SIGNS[tone], fill: "none", stroke: "currentColor",
			"stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round"}));
}

/* Once, if it is that of all. */
function namesOfTargets() {
	const targets = new Set(eachPart(targetOf));
	return targets.size === 1 ? `${parts.map((part) => part.label).join(", ")}: ${[...targets][0]}`
		: parts.map((part) => `${part.label}: ${targetOf(part.result)}`).join("; ");
}

function addHead() {
	const result = parts[0].result;
	const title = single ? targetOf(result) : `${parts.length} results side by side`;
	const started = `${formatInstant(result.started_at)}, tcpgoon ${result.tool.version}`;
	document.getElementById("head").append(
		make("p", {class: "product"}, "tcpgoon"), make("h1", {}, title),
		make("p", {class: "muted"}, single ? started : namesOfTargets()));
}

/* What is said of one of several begins with its name; here that is the one of the charts. */
function shorten(reason) {
	const part = single ? undefined
		: parts.find(({name}) => name !== null && reason.startsWith(`${name}: `));
	return part === undefined ? reason : part.label + reason.slice(part.name.length);
}

function addVerdict() {
	const {exit_status: status, meaning, reasons} = data.verdict;
	const tone = toneOf(status);
	const error = single && parts[0].result.error ? [parts[0].result.error] : [];
	const [first, ...others] = [...reasons.map(shorten), ...error];
	main.append(make("section", {class: `verdict ${tone}`, id: "verdict", tabindex: -1,
		"aria-labelledby": "sentence"},
	makeSign(tone),
	make("div", {},
		make("h2", {id: "sentence"}, first),
		others.length > 0 ? make("ul", {}, others.map((text) => make("li", {}, text))) : null,
		make("p", {class: "muted"}, `Exit status ${status}: ${meaning}.`))));
}

function makeTile(title, value, note) {
	return make("div", {}, make("dt", {}, title),
		make("dd", {}, value, note ? make("span", {class: "note"}, note) : null));
}

/* Dials a second, on average, that were to begin; in words where all were to begin at once. */
function askedOf(generator) {
	return generator.pace_asked_per_s ? formatRate(generator.pace_asked_per_s) : generator.pace;
}

function addTiles(result) {
	const {connections, generator} = result;
	const connect = result.connect_us;
	const tiles = [
		makeTile("established", formatCount(connections.established),
			`${formatShare(connections.established, connections.requested)} of `
			+ formatCount(connections.requested)),
		makeTile("failed", formatCount(connections.failed),
			formatShare(connections.failed, connections.dialed) && "of those dialed: "
			+ formatShare(connections.failed, connections.dialed)),
		makeTile("ended by the peer", formatCount(connections.closed_by_peer),
			result.held ? "while held" : "without a hold"),
		makeTile("connect p50", connect.count > 0 ? formatTime(connect.p50) : "none",
			connect.count > 0 ? `p99 ${formatTime(connect.p99)}` : "nothing was established"),
		makeTile("pace kept", formatRate(generator.pace_kept_per_s),
			generator.pace !== null ? `of ${askedOf(generator)} asked` : "as fast as possible"),
		makeTile("time taken", formatSpan(result.duration_ns / 1e3),
			result.settings.hold_ns > 0
				? `of it ${formatSpan(result.settings.hold_ns / 1e3)} to hold` : null),
	];
	main.append(make("dl", {class: "tiles"}, tiles));
}

/* Rows of which each has a cell for each result; `marks`: those that differ stand out. */
function makeComparison(caption, rows, marks = true) {
	const columns = [{title: make("span", {class: "unseen"}, "what")}, ...parts.map((part) =>
		({title: single ? make("span", {class: "unseen"}, "value") : part.label, kind: "either"}))];
	return makeTable(caption, columns, rows.map(([title, ...cells]) => {
		const differs = marks && new Set(cells).size > 1;
		return [title, ...cells.map((content) => differs ? {content, style: "differs"} : content)];
	}));
}

function addNumbers() {
	const count = (title, read) => [title, ...eachPart((result) => formatCount(read(result)))];
	const share = (title, part, whole) => [title, ...eachPart((result) => {
		const text = formatShare(part(result.connections), whole(result.connections));
		return formatCount(part(result.connections)) + (text ? ` (${text})` : "");
	})];
	main.append(make("h2", {}, "In numbers"), makeComparison("Each result in a column", [
		["exit status", ...eachPart((result) => String(result.verdict.exit_status))],
		["verdict", ...eachPart((result) => result.verdict.reasons.join(" "))],
		["target", ...eachPart(targetOf)],
		["started", ...eachPart((result) => result.started_at.slice(0, 19).replace("T", " "))],
		count("connections", (result) => result.connections.requested),
		share("established", (of) => of.established, (of) => of.requested),
		share("failed", (of) => of.failed, (of) => of.dialed),
		share("ended by the peer", (of) => of.closed_by_peer, (of) => of.established),
		["pace asked", ...eachPart(({generator}) => generator.pace ?? "none")],
		["pace kept", ...eachPart((result) => formatRate(result.generator.pace_kept_per_s))],
		["time taken", ...eachPart((result) => formatSpan(result.duration_ns / 1e3))],
	], false));
}

function wordOf(threshold) {
	return threshold.not_judged ? ["warn", "not judged"]
		: threshold.crossed ? ["bad", "crossed"] : ["good", "kept"];
}

function addThresholds() {
	const rows = parts.flatMap((part) => part.result.thresholds.map((threshold) => {
		const [tone, word] = wordOf(threshold);
		return [make("code", {}, threshold.expression), ...single ? [] : [part.label],
			make("span", {class: `chip ${tone}`}, word),
			threshold.not_judged ?? threshold.actual];
	}));
	if (rows.length > 0) {
		main.append(make("h2", {}, "Thresholds"), makeTable("What was asked, and what it was",
			[{title: "threshold", kind: "word"}, ...single ? [] : [{title: "result"}], {title: ""},
				{title: "it was", kind: "text"}], rows));
	}
}

function addFindings() {
	const found = parts.flatMap((part) => part.result.findings.map((finding) => ({part, finding})));
	if (found.length === 0) {
		return;
	}
	main.append(make("h2", {}, "Findings"), found.map(({part, finding}) =>
		make("article", {class: "finding"},
			make("h3", {}, finding.name.replaceAll("_", " ")),
			make("span", {class: "chip"}, finding.side), " ",
			single ? null : make("span", {class: "chip"}, part.label),
			make("p", {}, finding.evidence), make("p", {class: "hint"}, finding.hint)))
		.reduce((list, article) => (list.append(article), list), make("div", {})));
}

function addCauses() {
	const causes = parts.flatMap((part) => part.result.causes.map((cause) => ({part, cause})));
	if (causes.length === 0) {
		return;
	}
	const most = Math.max(...causes.map(({cause}) => cause.count));
	const rows = causes.map(({part, cause}) => {
		const fill = make("span", {class: "bad"});
		fill.style.width = `${100 * cause.count / most}%`;
		return [cause.cause.replaceAll("_", " "), ...single ? [] : [part.label], cause.side,
			formatCount(cause.count), make("span", {class: "bar bad", "aria-hidden": "true"}, fill),
			`${formatTime(cause.first_ns / 1e3)} to ${formatTime(cause.last_ns / 1e3)}`, cause.hint];
	});
	main.append(make("h2", {}, "Causes"), makeTable(
		"Why connections were not established or did not stay, on whose side, and when in the run",
		[{title: "cause", kind: "word"}, ...single ? [] : [{title: "result"}], {title: "side"},
			{title: "connections", kind: "number"}, {title: ""},
			{title: "from, to", kind: "word"},
			{title: "what to do", kind: "text"}], rows));
}

/* ---- Charts ---------------------------------------------------------------------------------- */

function endOf(result) {
	return Math.max(result.duration_ns, ...result.series.map((sample) => sample.elapsed_ns));
}

/* A line of the series, its times in the unit of the axis. */
function lineOf(label, style, axis, samples, read, more) {
	const points = samples.map((sample) => ({x: sample.elapsed_ns / axis.unit.ns, y: read(sample)}))
		.filter((point) => isKnown(point.y));
	return {label, style, points, ...more};
}

function addStates(place) {
	const axis = timeAxis(Math.max(...eachPart(endOf)), "the start");
	const states = [["open", "open"], ["dialing", "dialing"],
		["ended by the peer", "closed_by_peer"], ["failed", "failed"]];
	const lines = single
		? states.map(([label, key], style) => lineOf(label, style, axis, parts[0].result.series,
			(sample) => sample[key], {fill: key === "open"}))
			.filter((line, i) => i === 0 || line.points.some((point) => point.y > 0))
		: parts.map((part, i) => lineOf(part.label, i, axis, part.result.series,
			(sample) => sample.open)).filter((line) => line.points.length > 0);
	const most = eachPart((result, part) => `${single ? "" : part.label + ": "}at most `
		+ `${formatCount(result.connections.max_concurrent)} open at once, `
		+ `${formatCount(result.connections.open_at_end)} at the end`);
	addChart(place, {
		title: single ? "Connections by state" : "Open connections",
		about: `${single ? most[0][0].toUpperCase() + most[0].slice(1) : most.join("; ")}.`,
		x: axis, y: countAxis("connections"), lines,
	});
}

/* Dials a second between two samples, and those that were due. */
function paceOf(result, axis, key) {
	const points = [];
	const last = result.generator.last_dial_ns ?? 0;
	let before = {elapsed_ns: 0, count: 0};
	for (const sample of result.series) {
		const count = key === "due" ? sample.due : result.connections.requested - sample.not_dialed;
		const passed = sample.elapsed_ns - before.elapsed_ns;
		if (!isKnown(count) || before.elapsed_ns > last) {
			break;
		}
		/* What was dialled at the very start belongs to the time that follows. */
		if (passed >= 0.5 * result.series_step_ns) {
			/* In the last one the dials end early. */
			const span = Math.min(sample.elapsed_ns, Math.max(last, before.elapsed_ns + 1))
				- before.elapsed_ns;
			const rate = (count - before.count) / (span / 1e9);
			points.push({x: before.elapsed_ns / axis.unit.ns, y: rate},
				{x: (before.elapsed_ns + span) / axis.unit.ns, y: rate});
			before = {elapsed_ns: sample.elapsed_ns, count};
		}
	}
	return points;
}

function addPace(place) {
	const axis = timeAxis(Math.max(...eachPart((result) => result.generator.last_dial_ns ?? 0)),
		"the start");
	const lines = parts.flatMap((part, i) => [
		{label: single ? "kept" : part.label, style: single ? 0 : i,
			points: paceOf(part.result, axis, "dialed")},
		{label: single ? "asked" : `${part.label}, asked`, style: single ? 1 : i,
			dash: single ? undefined : [2, 4], thin: true,
			points: paceOf(part.result, axis, "due")},
	]).filter((line) => line.points.length > 0);
	if (lines.length === 0) {
		return;
	}
	const about = eachPart(({generator}, part) => (single ? "" : part.label + ": ")
		+ (generator.pace !== null
			? `${askedOf(generator)} asked, `
				+ `${formatRate(generator.pace_kept_per_s)} kept`
			: `no pace asked, ${formatRate(generator.pace_kept_per_s)} reached`));
	addChart(place, {
		title: "Pace", about: `Dials a second: ${about.join("; ")}.`,
		x: axis, lines,
		y: {title: "dials a second", min: 0, tick: formatTick, read: formatRate},
	});
}

/* The curves of one result, or one time of each. */
function percentileSpec(lines, about) {
	const points = lines.flatMap((line) => line.points);
	return {
		title: single ? "Times by percentile" : "Time by percentile", about, lines,
		x: percentileAxis(Math.max(10, ...points.map((point) => point.x))),
		y: logTimeAxis("time", points),
	};
}

function curveOf(part, name, label, style) {
	return {label, style, points: (part.curves[name] ?? []).map(([x, y]) => ({x, y}))};
}

function addPercentiles(place) {
	const isShown = (part, name) => part.curves[name].length > 0
		&& (name !== "lag" || part.result.generator.pace !== null);
	const names = data.times.filter(({name}) => parts.some((part) => isShown(part, name)));
	if (names.length === 0) {
		return;
	}
	if (single) {
		addChart(place, percentileSpec(names.map((row) =>
			curveOf(parts[0], row.name, row.name, data.times.indexOf(row))),
			"To the right of 90% is a tenth of the connections, to the right of 99% a hundredth."));
		return;
	}
	const initial = names.find(({name}) => name === "connect") ?? names[0];
	const specOf = (row) => ({
		...percentileSpec(parts.filter((part) => isShown(part, row.name)).map((part) =>
			curveOf(part, row.name, part.label, parts.indexOf(part))),
		`${row.name[0].toUpperCase()}${row.name.slice(1)}: ${row.meaning}.`),
		choice,
	});
	const choice = make("fieldset", {class: "choice"}, make("legend", {}, "Time"),
		names.map((row) => {
			const input = make("input", {type: "radio", name: "time", value: row.name});
			input.checked = row === initial;
			input.addEventListener("change", () => {
				show(specOf(row));
				input.focus();
			});
			return make("label", {}, input, row.name);
		}));
	const show = addChart(place, specOf(initial));
}

/* Of those established, how many were still open; from the last dial on. */
function survivalOf(result, axis) {
	const {established} = result.connections;
	const last = result.generator.last_dial_ns ?? 0;
	const left = (sample) => 100 * (established - sample.closed_by_peer) / established;
	const at = result.series.findLastIndex((sample) => sample.elapsed_ns <= last);
	return [{x: 0, y: at < 0 ? 100 : left(result.series[at])},
		...result.series.slice(at + 1).map((sample) =>
			({x: (sample.elapsed_ns - last) / axis.unit.ns, y: left(sample)}))];
}

function addSurvival(place, notes) {
	if (parts.every((part) => part.result.connections.closed_by_peer === 0)) {
		notes.push("No established connection ended before the run did.");
		return;
	}
	const axis = timeAxis(Math.max(...eachPart((result) =>
		endOf(result) - (result.generator.last_dial_ns ?? 0))), "the last dial");
	const watched = parts.filter((part) => part.result.connections.established > 0);
	const about = watched.map(({label, result: {connections, survival}}) =>
		(single ? "" : label + ": ")
		+ `${formatShare(survival.at(-1)?.open ?? 0, connections.established)} of `
		+ `${formatCount(connections.established)} open at the end`);
	addChart(place, {
		title: "Survival", about: `Of the established connections: ${about.join("; ")}.`,
		x: axis,
		y: {title: "still open", min: 0, max: 100, tick: (value) => `${value}%`,
			read: (value) => `${Number(value.toFixed(3))}%`},
		lines: watched.map((part) => ({label: single ? "still open" : part.label,
			style: parts.indexOf(part), stepped: "before", fill: single,
			points: survivalOf(part.result, axis)})),
	});
}

function addQueue(place, notes) {
	const axis = timeAxis(Math.max(...eachPart(endOf)), "the start");
	const lines = parts.map((part, i) => lineOf(single ? "waiting" : part.label, i, axis,
		part.result.series, (sample) => sample.queued)).filter((line) => line.points.length > 0);
	if (lines.length === 0) {
		return;
	}
	const backlogs = parts.filter((part) => isKnown(part.result.listener.backlog))
		.map(({label, result: {listener: {backlog}}}) => ({label, backlog}));
	const most = Math.max(...lines.flatMap((line) => line.points.map((point) => point.y)));
	const room = backlogs.length === 0 ? "" : ", with room for " + (single
		? formatCount(backlogs[0].backlog)
		: backlogs.map(({label, backlog}) => `${formatCount(backlog)} (${label})`).join(", "));
	if (most === 0) {
		notes.push("Whenever the accept queue of the target was looked at, nothing waited in it"
			+ `${room}.`);
		return;
	}
	if (single && backlogs.length > 0 && most > backlogs[0].backlog / 10) {
		lines.push({label: "room in the queue", style: 1, thin: true,
			points: [0, axis.max].map((x) => ({x, y: backlogs[0].backlog}))});
	}
	addChart(place, {
		title: "Accept queue of the target",
		about: "Connections that wait for the server's program to accept them: at most "
			+ `${formatCount(most)} seen${room}.`,
		x: axis, y: {...countAxis("connections waiting"), suggestedMax: 4}, lines,
	});
}

function addCharts() {
	const place = make("div", {class: "charts"});
	const notes = [];
	if (parts.every((part) => part.result.series.length === 0)) {
		return;
	}
	main.append(make("h2", {}, "Charts"), place);
	addStates(place);
	addPace(place);
	addPercentiles(place);
	addSurvival(place, notes);
	addQueue(place, notes);
	main.append(...notes.map((note) => make("p", {class: "muted note"}, note)));
}

/* ---- All of it ------------------------------------------------------------------------------- */

/* A region that scrolls can be reached by the keyboard; one that does not need not be. */
function watchScrolling() {
	const mark = (region) => {
		const scrolls = region.scrollWidth > region.clientWidth + 1
			|| region.scrollHeight > region.clientHeight + 1;
		region.toggleAttribute("tabindex", scrolls);
		if (scrolls) {
			region.setAttribute("tabindex", "0");
		}
	};
	const observer = new ResizeObserver((entries) => entries.forEach(({target}) => mark(target)));
	document.querySelectorAll(".scroll").forEach((region) => observer.observe(region));
}

nameParts();
addHead();
addVerdict();
if (single) {
	addTiles(parts[0].result);
} else {
	addNumbers();
}
addThresholds();
addFindings();
addCauses();
addCharts();
addTimes();
addFacts();
document.getElementById("foot").append(make("p", {},
	"Made by tcpgoon; this page needs no network. The charts are drawn by Chart.js (MIT licence)."));
watchScrolling();
