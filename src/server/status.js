// SPDX-License-Identifier: Apache-2.0
// status.js - the status page: asks the API, and shows what it says. Texts of answers are only ever put into text nodes.
"use strict";

const SEVERITIES = ["Critical", "High", "Medium", "Low", "Negligible", "Unknown"];
const ROWS = 500; // of findings before "Show more"
const PAGE = 20; // manifests
const $ = (id) => document.getElementById(id);
let view = 0; // grows when another view is shown: answers that come late are dropped
const token = {
	get: () => sessionStorage.getItem("limpid-token") || "",
	set: (text) => sessionStorage.setItem("limpid-token", text),
};

// An element: a name with classes ("td.mono"), attributes, and children that are elements or text.
function el(name, attributes, ...children) {
	const [tag, ...classes] = name.split(".");
	const e = document.createElement(tag);
	if (classes.length) e.className = classes.join(" ");
	for (const [k, v] of Object.entries(attributes || {})) {
		if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
		else if (v === true) e.setAttribute(k, "");
		else if (v !== false && v !== null) e.setAttribute(k, v);
	}
	e.append(...children.flat().map((c) => (c instanceof Node ? c : String(c === null || c === undefined ? "" : c))));
	return e;
}

function table(caption, heads, rows) {
	return el("div.scroll", null, el("table", null, el("caption", null, caption),
		el("thead", null, el("tr", null, heads.map((h) =>
			el(h.endsWith("#") ? "th.number" : "th", { scope: "col" }, h.replace("#", ""))))),
		el("tbody", null, rows)));
}

function pairs(list) {
	return el("dl", null, list.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));
}

function severity(name) {
	return el("span.severity.front-" + (SEVERITIES.includes(name) ? name : "Unknown"), null, name || "Unknown");
}

function age(seconds) {
	if (seconds === null || seconds === undefined) return "never";
	const s = Math.max(0, Math.round(seconds));
	if (s < 90) return s + " s";
	if (s < 5400) return Math.round(s / 60) + " min";
	if (s < 172800) return Math.round(s / 3600) + " h";
	return Math.round(s / 86400) + " d";
}

const since = (date) => (date ? age((Date.now() - Date.parse(date)) / 1000) : "never");
const moment = (date) => (date ? el("time", { datetime: date, title: date }, since(date)) : "never");
const count = (n) => Number(n).toLocaleString("en");

class Refused extends Error {
	constructor(code, message) {
		super(message);
		this.code = code;
	}
}

// The JSON of an answer; null if there is none yet (202).
async function ask(path) {
	const headers = { Accept: "application/json" };
	if (token.get()) headers.Authorization = "Bearer " + token.get();
	const answer = await fetch(path, { headers, cache: "no-cache", credentials: "omit" });
	if (answer.status === 202) return null;
	if (answer.ok) return answer.json();
	let text = answer.statusText;
	try {
		text = (await answer.json()).message || text;
	} catch (e) {
		// Not every refusal has a body.
	}
	throw new Refused(answer.status, text || "status " + answer.status);
}

function notice(text, bad) {
	$("notice").hidden = !text;
	$("notice").className = bad ? "notice bad" : "notice";
	$("notice").textContent = text || "";
}

function failed(e, what) {
	if (e.code === 401) {
		$("login").hidden = false;
		$("main").replaceChildren();
		badge("a token is needed", "bad");
		if (token.get()) notice("The service does not take this token: it is not signed with its key, its issuer is not known, or its time is over.", true);
		$("token").focus();
		return;
	}
	notice(what + ": " + e.message, true);
}

function badge(text, kind) {
	$("health").textContent = text;
	$("health").className = "badge " + (kind || "");
}

// ---- overview ----

function showStatus(s) {
	$("version").textContent = s.version;
	badge(s.draining ? "stopping" : s.ready ? "ready" : "not ready", s.ready ? "good" : "bad");
	const list = [["Mode", s.mode], ["Runs for", since(s.started)]];
	if (s.matcher) {
		list.push(["Advisories", count(s.matcher.advisories)], ["Sources", count(s.matcher.sources)],
			["Newest success", moment(s.matcher.newest)]);
		if (!s.matcher.ready) notice("No advisories have been read yet: there are no vulnerability reports until then.");
	}
	if (s.indexer)
		list.push(["Indexing", count(s.indexer.running) + " running, " + count(s.indexer.waiting) + " waiting"],
			["Layers read", count(s.indexer.layers_read)], ["Runs failed", count(s.indexer.runs_failed)]);
	return el("section", { id: "status", "aria-label": "Health" }, el("h2", null, "Health"), pairs(list));
}

function sourceState(u) {
	if (u.error) return el("td.bad", null, u.error);
	if (u.held_back) return el("td.warn", null, "held back: much smaller than before (limpid update --accept)");
	if (u.running) return el("td", null, "running");
	return u.last_success ? el("td.good", null, "good") : el("td.warn", null, "never read");
}

function showSources(answer) {
	const rows = answer.updaters.map((u) => el("tr", { "data-source": u.name }, el("th", { scope: "row" }, u.name), sourceState(u),
		el("td", null, age(u.age_seconds)), el("td", null, moment(u.last_change)), el("td.number", null, count(u.records)),
		el("td", null, u.next_run ? new Date(u.next_run).toLocaleTimeString() : "")));
	return el("section", { id: "sources", "aria-label": "Sources of advisories" }, el("h2", null, "Sources of advisories"),
		answer.enabled ? "" : el("p.faint", null, "This process runs no updaters."),
		rows.length ? table(rows.length + " sources", ["Source", "State", "Age", "Changed", "Advisories#", "Next run"], rows)
			: el("p", null, "No source has been read."));
}

function bar(summary) {
	const text = SEVERITIES.filter((s) => summary.severities[s]).map((s) => summary.severities[s] + " " + s).join(", ") || "none";
	const e = el("div.bar", { role: "img", "aria-label": text, title: text });
	for (const s of SEVERITIES) {
		if (!summary.severities[s]) continue;
		const part = el("span.back-" + s);
		part.style.flexGrow = summary.severities[s]; // the object model: the policy has nothing against it
		e.append(part);
	}
	return [e, el("span.faint", null, text + (summary.complete ? "" : "; incomplete"))];
}

async function fillBars(rows, mine) {
	for (const [digest, cells] of rows) {
		if (mine !== view) return;
		try {
			const summary = await ask("/limpid/v1/summary/" + encodeURIComponent(digest));
			cells.packages.textContent = summary ? count(summary.packages) : "";
			cells.bar.replaceChildren(...(summary ? bar(summary) : ["no advisories yet"]));
		} catch (e) {
			cells.bar.replaceChildren(e.message);
		}
	}
}

const link = (digest) => el("a.mono", { href: "#/manifest/" + encodeURIComponent(digest), title: digest }, digest.slice(0, 19) + "…");

function showManifests(answer, mine, matcher) {
	const waiting = [], body = [];
	for (const m of answer.manifests) {
		const cells = { packages: el("td.number"), bar: el("td") };
		body.push(el("tr", { "data-digest": m.digest }, el("th", { scope: "row" }, link(m.digest)),
			el(m.success ? "td.good" : "td.bad", null, m.success ? m.state : m.state + ": " + m.err), el("td", null, moment(m.updated)),
			el("td.number", null, m.layers), cells.packages, cells.bar));
		waiting.push([m.digest, cells]);
	}
	const section = el("section", { id: "manifests", "aria-label": "Recent manifests" }, el("h2", null, "Recent manifests"),
		body.length ? table("Last indexed first", ["Manifest", "State", "Indexed", "Layers#", "Packages#", "Findings"], body)
			: el("p", null, "Nothing has been indexed."));
	if (answer.next)
		section.append(el("p", null, el("a", { href: "#/?before=" + answer.next }, "Older manifests")));
	if (matcher) fillBars(waiting, mine);
	return section;
}

async function overview(query, mine) {
	const status = await ask("/limpid/v1/status");
	if (mine !== view) return;
	const parts = [showStatus(status)];
	const before = /^before=(\d+)$/.exec(query || "");
	if (status.indexer)
		parts.push(showManifests(await ask("/limpid/v1/manifests?limit=" + PAGE + (before ? "&before=" + before[1] : "")), mine, status.matcher));
	else
		parts.push(el("p.faint", null, "Manifests are listed where the indexer runs; the report of one is found by its digest, above."));
	if (status.matcher) parts.splice(1, 0, showSources(await ask("/limpid/v1/updaters")));
	if (mine === view) $("main").replaceChildren(...parts);
}

// ---- a manifest ----

function findings(report) {
	const out = [];
	for (const [id, list] of Object.entries(report.package_vulnerabilities || {})) {
		const p = report.packages[id] || {};
		for (const v of list.map((key) => report.vulnerabilities[key]).filter(Boolean))
			out.push({ severity: SEVERITIES.includes(v.normalized_severity) ? v.normalized_severity : "Unknown", name: v.name,
				aliases: (v.Aliases || []).map((a) => a.Name), links: (v.links || "").split(" ").filter((l) => /^https?:\/\//.test(l)),
				package: p.name || "", version: p.version || "", fix: v.fixed_in_version || "", description: v.description || "",
				place: ((report.environments[id] || [])[0] || {}).package_db || "", updater: v.updater });
	}
	const order = (f) => SEVERITIES.indexOf(f.severity);
	return out.sort((a, b) => order(a) - order(b) || a.package.localeCompare(b.package) || a.name.localeCompare(b.name));
}

function findingRow(f) {
	const name = f.links.length ? el("a", { href: f.links[0], rel: "noopener noreferrer" }, f.name) : f.name;
	return el("tr", { "data-finding": f.name }, el("td", null, severity(f.severity)),
		el("td", null, name, f.aliases.length ? el("div.faint", null, f.aliases.join(" ")) : ""),
		el("td", null, f.package), el("td.mono", null, f.version), el("td.mono", null, f.fix || el("span.faint", null, "none")),
		el("td.mono", null, f.place), el("td", null, f.description.length > 240 ? f.description.slice(0, 240) + "…" : f.description));
}

function showFindings(all) {
	const text = el("input", { id: "filter", type: "search", placeholder: "name, package, text", autocomplete: "off" });
	const level = el("select", { id: "level" }, el("option", { value: "" }, "all"), SEVERITIES.map((s) => el("option", { value: s }, s)));
	const fixed = el("input", { id: "fixable", type: "checkbox" });
	const result = el("div"), said = el("p.faint", { id: "shown", role: "status" });
	let most = ROWS;
	const update = () => {
		const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
		const list = all.filter((f) => (!level.value || f.severity === level.value) && (!fixed.checked || f.fix) && words.every((w) =>
			[f.name, f.package, f.version, f.place, f.description, ...f.aliases].some((t) => t.toLowerCase().includes(w))));
		said.textContent = list.length + " of " + all.length + " findings" + (list.length > most ? ", the first " + most + " shown" : "");
		result.replaceChildren(list.length ? table("Findings, the worst first", ["Severity", "Vulnerability", "Package", "Version", "Fixed in", "Place",
			"Description"], list.slice(0, most).map(findingRow)) : "");
		if (list.length > most)
			result.append(el("button", { type: "button", onclick: () => { most += ROWS; update(); } }, "Show more"));
	};
	for (const e of [text, level, fixed]) e.addEventListener("input", () => { most = ROWS; update(); });
	update();
	return [el("form", { "aria-label": "Filter", onsubmit: (e) => e.preventDefault() }, el("label", { for: "filter" }, "Filter"), text,
		el("label", { for: "level" }, "Severity"), level, fixed, el("label", { for: "fixable" }, "with a fix")), said, result];
}

function showCoverage(coverage) {
	if (!coverage || coverage.complete) return "";
	return el("section", { id: "coverage", "aria-label": "What was not looked up" }, el("h2", null, "Not everything could be looked up"),
		el("ul", null, coverage.items.filter((i) => i.code !== "covered").map((i) => el("li", null, i.code + (i.scope ? " (" + i.scope + ")" : "") + ": " + i.detail))));
}

async function manifest(digest, mine) {
	$("digest").value = digest;
	const report = await ask("/matcher/api/v1/vulnerability_report/" + encodeURIComponent(digest));
	if (mine !== view) return;
	const parts = [el("h1.mono", null, digest)];
	if (!report) {
		parts.push(el("p", null, "No advisories have been read yet: there is no report."));
	} else {
		const all = findings(report), summary = { severities: {}, complete: true };
		for (const f of all) summary.severities[f.severity] = (summary.severities[f.severity] || 0) + 1;
		const systems = Object.values(report.distributions || {}).map((d) => d.pretty_name || d.did).join(", ");
		parts.push(pairs([["System", systems || "none found"], ["Packages", count(Object.keys(report.packages || {}).length)], ["Findings", count(all.length)]]),
			el("p", null, bar(summary)), showCoverage(report.coverage),
			el("section", { id: "findings", "aria-label": "Findings" }, el("h2", null, "Findings"), all.length ? showFindings(all) : el("p", null, "None.")));
	}
	$("main").replaceChildren(...parts);
}

// ---- who is affected ----

async function affected(id, mine) {
	$("vulnerability").value = id;
	const said = el("p", { id: "searched", role: "status" }, "Searching…"), rows = el("tbody"), result = table("Manifests, last indexed first",
		["Manifest", "Indexed", "Package", "Version", "Vulnerability", "Severity", "Fixed in"], []);
	result.querySelector("tbody").replaceWith(rows);
	$("main").replaceChildren(el("h1", null, "Affected by " + id), said, result);
	let next = "", unreadable = 0, found = 0;
	for (;;) {
		const answer = await ask("/limpid/v1/affected?id=" + encodeURIComponent(id) + (next ? "&before=" + next : ""));
		if (mine !== view) return;
		if (!answer) {
			said.textContent = "No advisories have been read yet.";
			return;
		}
		unreadable += answer.unreadable;
		for (const m of answer.affected) {
			found++;
			for (const f of m.findings)
				rows.append(el("tr", { "data-digest": m.digest }, el("th", { scope: "row" }, link(m.digest)), el("td", null, moment(m.updated)),
					el("td", null, f.package), el("td.mono", null, f.version), el("td", null, f.vulnerability), el("td", null, severity(f.severity)),
					el("td.mono", null, f.fixed_in_version || "none")));
		}
		next = answer.next;
		said.textContent = (found === 1 ? "1 manifest is" : found + " manifests are") + " affected" + (unreadable ? "; " + unreadable + " could not be looked into" : "") +
			(next ? "; searching on…" : ".");
		if (!next) return;
	}
}

// ---- which view ----

async function route() {
	const mine = ++view;
	const [, name, rest] = /^#\/(manifest|affected)?\/?\??(.*)$/.exec(location.hash) || [null, "", ""];
	notice("");
	$("login").hidden = true;
	$("main").setAttribute("aria-busy", "true");
	try {
		document.title = (name ? decodeURIComponent(rest) + " - " : "") + "limpid";
		if (!name) {
			await overview(rest, mine);
		} else {
			const status = await ask("/limpid/v1/status");
			showStatus(status);
			await (name === "manifest" ? manifest : affected)(decodeURIComponent(rest), mine);
		}
	} catch (e) {
		if (mine === view) failed(e, name === "manifest" ? "No report" : name === "affected" ? "The search ended" : "The service could not be asked");
	}
	if (mine === view) $("main").removeAttribute("aria-busy");
}

function submit(form, action) {
	$(form).addEventListener("submit", (e) => {
		e.preventDefault();
		action();
	});
}

submit("ask-manifest", () => { if ($("digest").value.trim()) location.hash = "#/manifest/" + encodeURIComponent($("digest").value.trim()); });
submit("ask-affected", () => { if ($("vulnerability").value.trim()) location.hash = "#/affected/" + encodeURIComponent($("vulnerability").value.trim()); });
submit("login", () => {
	token.set($("token").value.trim());
	$("token").value = "";
	route();
});
window.addEventListener("hashchange", route);
route();
