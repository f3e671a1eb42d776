/* SPDX-License-Identifier: MIT */
/*
 * Charts of lines. Each is a figure with a sentence, a plot, a legend of switches, and its data as a
 * table. A line differs from the others by its dashes too, not by its colour alone; a plot is read by
 * the arrow keys as it is by a pointer.
 */
"use strict";

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 5], [4, 2], [1, 2], [12, 3, 2, 3, 2, 3]];

const charts = [];

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;

function styleOf(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function colourOf(line) {
	return styleOf(`--line-${line.style % DASHES.length + 1}`);
}

/* No two of the first 64 lines have both in common. */
function dashOf(line) {
	return line.dash ?? DASHES[(line.style + Math.floor(line.style / DASHES.length)) % DASHES.length];
}

/* "10k", "1.5M": short enough for an axis. */
function formatTick(value) {
	const [size, suffix] = value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
	return Number((value / size).toPrecision(4)).toLocaleString("en") + suffix;
}

/* The unit in which times up to `ns` are whole, small numbers. */
function unitOfTime(ns) {
	const units = [
		{upTo: 2e9, ns: 1e6, name: "ms"},
		{upTo: 180e9, ns: 1e9, name: "s"},
		{upTo: 3 * 3600e9, ns: 60e9, name: "min"},
		{upTo: 3 * 86400e9, ns: 3600e9, name: "h"},
		{upTo: Infinity, ns: 86400e9, name: "d"},
	];
	return units.find((unit) => ns <= unit.upTo);
}

/* An axis of time; values are in its unit. */
function timeAxis(maxNs, since) {
	const unit = unitOfTime(maxNs);
	return {
		unit,
		title: `${unit.name} since ${since}`,
		max: maxNs / unit.ns,
		tick: (value) => Number(value.toPrecision(6)).toLocaleString("en"),
		read: (value) => formatTime(value * unit.ns / 1e3),
	};
}

function countAxis(title) {
	return {title, min: 0, whole: true, tick: formatTick, read: formatCount};
}

/* 1, 10, 100; or 1, 2, 5, 10 where that would be too few. */
function logTicks(min, max) {
	const few = Math.log10(max / min) < 2.5;
	const ticks = [];
	for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power++) {
		for (const digit of few ? [1, 2, 5] : [1]) {
			ticks.push(digit * 10 ** power);
		}
	}
	return ticks.filter((tick) => tick >= min && tick <= max);
}

function logTimeAxis(title, points) {
	const values = points.map((point) => Math.max(point.y, 1));
	const low = Math.min(...values);
	const high = Math.max(...values);
	const floor = 10 ** Math.floor(Math.log10(low));
	const decade = 10 ** Math.floor(Math.log10(high));
	const top = [1, 2, 5, 10].map((digit) => digit * decade).find((value) => value >= high);
	return {
		title, logarithmic: true,
		min: floor, max: Math.max(top, floor * 10),
		ticks: (axis) => logTicks(axis.min, axis.max),
		tick: formatSpan, read: formatTime,
	};
}

/* 10 is "90%", 1000 "99.9%". */
function formatPercentile(inverse) {
	const digits = Math.max(0, Math.ceil(Math.log10(inverse)) - 1);
	return Number((100 * (1 - 1 / inverse)).toFixed(digits)) + "%";
}

/* As many of 0%, 90%, 99% and so on as have room, 50% last. */
function percentileAxis(max) {
	const decades = Math.max(Math.log10(max), 1);
	return {
		title: "percentile", logarithmic: true, min: 1, max,
		ticks: (axis) => {
			const width = (axis.chart.width - 70) / decades;
			const every = Math.ceil(52 / width);
			const ticks = width > 150 ? [1, 2] : [1];
			for (let power = every; 10 ** power <= max; power += every) {
				ticks.push(10 ** power);
			}
			return ticks;
		},
		tick: formatPercentile,
		read: (value) => `percentile ${formatPercentile(value)}`,
	};
}

/* The element of each visible line that is nearest to a place of the plot. */
function nearestElements(chart, x) {
	const items = [];
	chart.getSortedVisibleDatasetMetas().forEach((meta) => {
		let best = -1;
		meta.data.forEach((element, index) => {
			if (best < 0 || Math.abs(element.x - x) < Math.abs(meta.data[best].x - x)) {
				best = index;
			}
		});
		if (best >= 0) {
			items.push({element: meta.data[best], datasetIndex: meta.index, index: best});
		}
	});
	return items;
}

Chart.Interaction.modes.nearestOfEach = (chart, event) => nearestElements(chart, event.x);

function scaleOf(axis, width) {
	const grid = styleOf("--grid");
	const muted = styleOf("--muted");
	return {
		type: axis.logarithmic ? "logarithmic" : "linear",
		min: axis.min, max: axis.max, suggestedMax: axis.suggestedMax,
		afterBuildTicks: axis.ticks
			? (scale) => { scale.ticks = axis.ticks(scale).map((value) => ({value})); }
			: undefined,
		title: {display: true, text: axis.title, color: muted, font: {size: 12}},
		grid: {color: grid, borderColor: styleOf("--edge"), tickColor: grid},
		ticks: {
			color: muted, callback: (value) => axis.tick(value), maxRotation: 0,
			maxTicksLimit: width < 420 ? 6 : 8, precision: axis.whole ? 0 : undefined,
			includeBounds: false,
			autoSkip: !axis.ticks, font: {size: 12},
		},
	};
}

function datasetOf(line) {
	const colour = colourOf(line);
	return {
		label: line.label, data: line.points, borderColor: colour, borderDash: dashOf(line),
		backgroundColor: line.fill ? colour + "22" : "transparent", fill: line.fill || false,
		borderWidth: line.thin ? 1.5 : 2, stepped: line.stepped || false,
		pointRadius: line.points.length < 2 ? 3 : 0, pointHoverRadius: 4,
		pointHoverBackgroundColor: colour, pointBackgroundColor: colour, tension: 0,
	};
}

function optionsOf(spec, width) {
	return {
		responsive: true, maintainAspectRatio: false, animation: false, normalized: true,
		interaction: {mode: "nearestOfEach", intersect: false},
		layout: {padding: {right: 8}},
		scales: {x: scaleOf(spec.x, width), y: scaleOf(spec.y, width)},
		plugins: {
			legend: {display: false},
			tooltip: {
				backgroundColor: styleOf("--page"), borderColor: styleOf("--edge"),
				borderWidth: 1, titleColor: styleOf("--text"),
				bodyColor: styleOf("--text"), padding: 8, displayColors: true,
				callbacks: {
					title: (items) => items.length > 0 ? spec.x.read(items[0].parsed.x) : "",
					label: (item) => ` ${item.dataset.label}: ${spec.y.read(item.parsed.y)}`,
					labelColor: (item) => ({borderColor: item.dataset.borderColor,
						backgroundColor: item.dataset.borderColor}),
				},
			},
		},
	};
}

/* Colours anew: another scheme, or paper. */
function restyle(entry) {
	const {chart, spec} = entry;
	chart.data.datasets.forEach((dataset, index) => {
		Object.assign(dataset, datasetOf(spec.lines[index]));
	});
	chart.options = optionsOf(spec, chart.width);
	chart.update("none");
	paintLegend(entry);
}

function paintLegend(entry) {
	entry.switches.forEach(({path, line}) => path.setAttribute("stroke", colourOf(line)));
}

function makeSwitch(entry, line, index) {
	const path = make("path", {d: "M0 5H28", fill: "none", "stroke-width": 2.5,
		"stroke-dasharray": dashOf(line).join(" ") || null});
	const button = make("button", {type: "button", "aria-pressed": "true"},
		make("svg", {viewBox: "0 0 28 10", "aria-hidden": "true"}, path), line.label);
	button.addEventListener("click", () => {
		const visible = !entry.chart.isDatasetVisible(index);
		entry.chart.setDatasetVisibility(index, visible);
		entry.chart.update("none");
		button.setAttribute("aria-pressed", String(visible));
	});
	entry.switches.push({path, line});
	return make("li", {}, button);
}

/* Where the arrow keys can stop: at each point of a visible line. */
function stopsOf(chart) {
	const stops = new Set();
	chart.getSortedVisibleDatasetMetas().forEach((meta) =>
		meta.data.forEach((element) => stops.add(Math.round(element.x * 10) / 10)));
	return [...stops].sort((a, b) => a - b);
}

function showReading(entry, x) {
	const {chart, spec, reading} = entry;
	const items = nearestElements(chart, x);
	if (items.length === 0) {
		return;
	}
	chart.setActiveElements(items);
	chart.tooltip.setActiveElements(items, {x: items[0].element.x, y: items[0].element.y});
	chart.update("none");
	const words = items.map(({datasetIndex, index}) => {
		const line = spec.lines[datasetIndex];
		return `${line.label}: ${spec.y.read(line.points[index].y)}`;
	});
	const first = spec.lines[items[0].datasetIndex].points[items[0].index];
	reading.textContent = `${spec.x.read(first.x)}: ${words.join("; ")}`;
}

function readByKeys(entry, canvas) {
	let at = -1;
	canvas.addEventListener("keydown", (event) => {
		const stops = stopsOf(entry.chart);
		const moves = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: stops.length - 1,
			PageDown: at + 10, PageUp: at - 10};
		if (!(event.key in moves) || stops.length === 0) {
			return;
		}
		event.preventDefault();
		at = Math.min(Math.max(moves[event.key], 0), stops.length - 1);
		showReading(entry, stops[at]);
	});
	canvas.addEventListener("blur", () => {
		at = -1;
		entry.reading.textContent = "";
		entry.chart.setActiveElements([]);
		entry.chart.tooltip.setActiveElements([], {x: 0, y: 0});
		entry.chart.update("none");
	});
}

/* One row for each x where the lines share them; one for each point where they do not. */
function tableOf(spec) {
	const rows = new Map();
	spec.lines.forEach((line, i) => line.points.forEach(({x, y}) => {
		if (!rows.has(x)) {
			rows.set(x, Array(spec.lines.length).fill(""));
		}
		rows.get(x)[i] = spec.y.read(y);
	}));
	const xs = [...rows.keys()].sort((a, b) => a - b);
	const longest = Math.max(...spec.lines.map((line) => line.points.length));
	if (xs.length <= 1.5 * longest) {
		return makeTable(spec.title,
			[{title: spec.x.title, kind: "number"},
				...spec.lines.map((line) => ({title: line.label, kind: "number"}))],
			xs.map((x) => [spec.x.read(x), ...rows.get(x)]));
	}
	return makeTable(spec.title,
		[{title: "line"}, {title: spec.x.title, kind: "number"},
			{title: spec.y.title, kind: "number"}],
		spec.lines.flatMap((line) => line.points.map(({x, y}) =>
			[line.label, spec.x.read(x), spec.y.read(y)])));
}

function fillFigure(entry) {
	const {spec, figure} = entry;
	const canvas = make("canvas", {tabindex: 0, role: "img",
		"aria-label": `${spec.title}. ${spec.about} The arrow keys read the values.`});
	entry.switches = [];
	entry.reading = make("p", {class: "reading", "aria-live": "polite"});
	entry.figure.replaceChildren(
		...[
			make("figcaption", {}, make("h3", {}, spec.title),
				make("p", {class: "muted"}, spec.about)),
			spec.choice,
			make("div", {class: "plot"}, canvas),
			entry.reading,
			spec.lines.length > 1 ? make("ul", {class: "legend", "aria-label": "Lines"},
				spec.lines.map((line, i) => makeSwitch(entry, line, i))) : null,
			make("details", {}, make("summary", {}, "Data as a table"), tableOf(spec)),
		].filter(isKnown));
	entry.chart = new Chart(canvas, {type: "line",
		data: {datasets: spec.lines.map(datasetOf)},
		options: optionsOf(spec, figure.clientWidth)});
	paintLegend(entry);
	readByKeys(entry, canvas);
}

/*
 * Adds a chart to `place`: {title, about, x, y, lines}, where a line is {label, points, style} and
 * may be `fill`ed, `stepped` or `thin`, or have a `dash` of its own. Returns a function that shows
 * another spec in its stead.
 */
function addChart(place, spec) {
	const entry = {spec, figure: make("figure", {})};
	place.append(entry.figure);
	fillFigure(entry);
	charts.push(entry);
	return (other) => {
		entry.chart.destroy();
		entry.spec = other;
		fillFigure(entry);
	};
}

function onPaper(paper) {
	document.documentElement.classList.toggle("paper", paper);
	charts.forEach((entry) => {
		restyle(entry);
		entry.chart.resize();
	});
}

matchMedia("(prefers-color-scheme: dark)")
	.addEventListener("change", () => charts.forEach(restyle));
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
