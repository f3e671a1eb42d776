/* SPDX-License-Identifier: MIT */
/* Numbers, times and elements, as the page shows them. Texts of a run become text, never markup. */
"use strict";

const NOT_KNOWN = "not known";

function isKnown(value) {
	return value !== null && value !== undefined;
}

/* "1,000" */
function formatCount(value) {
	return isKnown(value) ? value.toLocaleString("en") : NOT_KNOWN;
}

/* "0.12%", "99.9%", "100%": never rounded to all or nothing. */
function formatShare(part, whole) {
	if (!whole) {
		return "";
	}
	const percent = 100 * part / whole;
	for (let digits = 0; digits < 6; digits++) {
		const text = percent.toFixed(digits);
		const rounded = Number(text);
		if ((rounded !== 0 || part === 0) && (rounded !== 100 || part === whole) &&
			(digits > 0 || rounded === percent)) {
			return text + "%";
		}
	}
	return percent.toPrecision(2) + "%";
}

/* "46 µs", "2.393 ms", "50.20 ms", "3.002 s", "1 min 30 s": four digits, as in the text. */
function formatTime(us) {
	if (!isKnown(us)) {
		return NOT_KNOWN;
	}
	if (us < 1000) {
		return (us < 100 && us % 1 !== 0 ? us.toFixed(1) : Math.round(us)) + " µs";
	}
	if (us < 60e6) {
		const [value, unit] = us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
		return value.toFixed(value < 10 ? 3 : value < 100 ? 2 : 1) + " " + unit;
	}
	return formatSpan(us);
}

/* "48–52 µs", "990 µs–1.2 ms"; open at an end that is not known. */
function formatInterval(low, high) {
	if (!isKnown(low) && !isKnown(high)) {
		return "";
	}
	if (!isKnown(low) || !isKnown(high)) {
		return isKnown(low) ? `≥ ${formatTime(low)}` : `≤ ${formatTime(high)}`;
	}
	const [from, to] = [formatTime(low), formatTime(high)];
	const unit = to.slice(to.indexOf(" "));
	return `${from.endsWith(unit) && !from.slice(0, -unit.length)
		.includes(" ") ? from.slice(0, -unit.length) : from}–${to}`;
}

/* A length of time in words, without needless digits: "1 s", "1.5 s", "2 min", "1 h 5 min". */
function formatSpan(us) {
	if (us === 0) {
		return "0 s";
	}
	if (us < 60e6) {
		const [value, unit] = us < 1e3 ? [us, "µs"] : us < 1e6 ? [us / 1e3, "ms"]
			: [us / 1e6, "s"];
		return Number(value.toPrecision(3)) + " " + unit;
	}
	const seconds = Math.round(us / 1e6);
	const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
	const first = units.findIndex(([size]) => seconds >= size);
	let left = seconds;
	const words = [];
	for (const [size, unit] of units.slice(first, first + 2)) {
		const count = Math.floor(left / size);
		left -= count * size;
		if (count > 0) {
			words.push(`${count} ${unit}`);
		}
	}
	return words.join(" ");
}

/* "93,862 /s" */
function formatRate(perSecond) {
	if (!isKnown(perSecond)) {
		return NOT_KNOWN;
	}
	const digits = perSecond < 10 ? 2 : perSecond < 1000 ? 1 : 0;
	return perSecond.toLocaleString("en", {maximumFractionDigits: digits}) + " /s";
}

/* "23.5 GiB" */
function formatBytes(bytes) {
	const units = ["B", "KiB", "MiB", "GiB", "TiB"];
	const index = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
	return Number((bytes / 1024 ** index).toPrecision(3)) + " " + units[index];
}

/* By the unit of a figure. */
function formatFigure(value, unit) {
	if (!isKnown(value)) {
		return NOT_KNOWN;
	}
	switch (unit) {
	case "ns":
		return formatSpan(value / 1e3);
	case "us":
		return formatSpan(value);
	case "bytes":
		return formatBytes(value);
	default:
		return formatCount(value);
	}
}

/* "25 November 2026, 17:44:46 UTC" */
function formatInstant(text) {
	const date = new Date(text);
	return date.toLocaleString("en-GB", {timeZone: "UTC", dateStyle: "long", timeStyle: "medium"})
		.replace(" at ", ", ") + " UTC";
}

/*
 * An element with attributes and children, which are elements or texts; null is left out. As in
 * make("p", {class: "muted"}, "some ", make("b", {}, "text")).
 */
function make(name, attributes, ...children) {
	const svg = name === "svg" || name === "path";
	const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name)
		: document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (isKnown(value)) {
			element.setAttribute(key, value);
		}
	}
	element.append(...children.flat().filter(isKnown));
	return element;
}

let tables = 0;

/*
 * A table that scrolls by itself, below its caption. Columns: {title, kind}, of a kind that the style
 * knows; the first cell of a row is its head. A cell is its content, or {content, style}.
 */
function makeTable(caption, columns, rows) {
	const id = `table-${++tables}`;
	const head = columns.map((column) =>
		make("th", {scope: "col", class: column.kind}, column.title));
	const body = rows.map((row) => make("tr", {}, row.map((cell, i) => {
		const {content, style} = cell !== null && typeof cell === "object" && "content" in cell
			? cell : {content: cell};
		const name = [columns[i].kind, style].filter(isKnown).join(" ");
		return make(i === 0 ? "th" : "td",
			{scope: i === 0 ? "row" : null, class: name || null},
			...[content].flat());
	})));
	return make("div", {}, make("p", {class: "caption", id}, caption),
		make("div", {class: "scroll", role: "region", "aria-labelledby": id},
			make("table", {"aria-labelledby": id},
				make("thead", {}, make("tr", {}, head)), make("tbody", {}, body))));
}
