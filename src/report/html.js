"use strict";
// The table of a report: everything it shows is in the element "data", and goes into the page as text only.
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const HEIGHT = 30, EXTRA = 20, PRINT_MAX = 5000;
	const words = data.severities;
	const rows = data.hits.map(function (h, i) {
		const p = data.packages[h[0]];
		return {
			at: i, severity: h[1], id: h[2], fix: h[3], score: h[4], source: h[5], url: h[6], title: data.texts[h[7]],
			about: data.texts[h[8]], aliases: h[9], evidence: h[10], epss: h[11], kev: h[12], type: p[0], name: p[1], version: p[2], path: p[3], layer: p[4], purl: p[5],
			text: [h[2], h[9].join(" "), p[1], p[2], p[3], data.texts[h[7]]].join("\n").toLowerCase()
		};
	});
	const view = document.getElementById("view"), body = document.getElementById("rows"), count = document.getElementById("count");
	const search = document.getElementById("search"), fixable = document.getElementById("fixable");
	const exploited = document.getElementById("exploited");
	const layer = document.getElementById("layer"), type = document.getElementById("type"), detail = document.getElementById("detail");
	const boxes = words.map(function (w) { return document.getElementById("s-" + w); });
	/* Which layers brought it, where it is known where the base image ends. */
	function from(r) {
		return data.base && r.layer ? (r.layer <= data.base ? " base" : " own") : "";
	}
	const columns = ["severity", "score", "epss", "id", "name", "version", "fix", "layer", "title"];
	let shown = rows, sort = { key: "severity", down: true }, drawn = [-1, -1], chosen = null;

	// Control characters, and those that turn the direction of writing.
	function plain(text) {
		return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "?");
	}

	function cell(row, text, name) {
		const td = document.createElement("td");
		text = plain(text);
		td.textContent = text;
		td.title = text;
		if (name)
			td.className = name;
		row.appendChild(td);
	}

	function line(r) {
		const tr = document.createElement("tr");
		cell(tr, words[r.severity], "t-" + words[r.severity]);
		cell(tr, r.score === null ? "" : r.score.toFixed(1));
		cell(tr, r.epss === null ? "" : (100 * r.epss).toFixed(1) + "%");
		cell(tr, r.id + (r.kev ? " exploited" : ""), r.kev ? "kev" : "");
		cell(tr, r.name);
		cell(tr, r.version);
		cell(tr, r.fix || "-");
		cell(tr, r.layer ? r.layer + from(r) : "");
		cell(tr, r.title);
		tr.tabIndex = 0;
		tr.dataset.at = r.at;
		if (chosen === r)
			tr.className = "on";
		return tr;
	}

	function pad(height) {
		const tr = document.createElement("tr"), td = document.createElement("td");
		tr.className = "pad";
		td.colSpan = columns.length;
		td.style.height = height + "px";
		tr.appendChild(td);
		return tr;
	}

	// Only what can be seen is in the page: 50,000 rows are too many for it.
	function draw(force, all) {
		const first = all ? 0 : Math.max(0, Math.floor(view.scrollTop / HEIGHT) - EXTRA);
		const last = all ? Math.min(shown.length, PRINT_MAX) : Math.min(shown.length, first + Math.ceil(view.clientHeight / HEIGHT) + 2 * EXTRA);
		if (!force && first === drawn[0] && last === drawn[1])
			return;
		drawn = [first, last];
		const part = document.createDocumentFragment();
		if (first > 0)
			part.appendChild(pad(first * HEIGHT));
		for (let i = first; i < last; i++)
			part.appendChild(line(shown[i]));
		if (last < shown.length && !all)
			part.appendChild(pad((shown.length - last) * HEIGHT));
		body.replaceChildren(part);
	}

	function compare(a, b) {
		const x = a[sort.key], y = b[sort.key];
		let c = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : (x === null ? -1 : x) - (y === null ? -1 : y);
		if (sort.down)
			c = -c;
		return c || a.at - b.at;
	}

	function filter() {
		const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		const on = boxes.map(function (b) { return b.checked; });
		const ofLayer = layer.value, ofType = type.value;
		shown = rows.filter(function (r) {
			return on[r.severity] && (!fixable.checked || r.fix) && (!exploited.checked || r.kev) && (!ofLayer || from(r) === " " + ofLayer || String(r.layer) === ofLayer) && (!ofType || r.type === ofType) &&
				terms.every(function (t) { return r.text.includes(t); });
		});
		if (!(sort.key === "at"))
			shown.sort(compare);
		count.textContent = shown.length === rows.length ? rows.length + " lines" : shown.length + " of " + rows.length + " lines";
		view.scrollTop = 0;
		draw(true);
	}

	function entry(list, name, text) {
		if (!text)
			return;
		const dt = document.createElement("dt"), dd = document.createElement("dd");
		dt.textContent = name;
		dd.textContent = plain(text);
		list.appendChild(dt);
		list.appendChild(dd);
	}

	function show(r) {
		chosen = r;
		detail.hidden = false;
		detail.replaceChildren();
		const title = document.createElement("h3"), list = document.createElement("dl"), about = document.createElement("p");
		title.textContent = plain(r.id + " in " + r.name + " " + r.version);
		entry(list, "Severity", words[r.severity] + (r.score === null ? "" : ", CVSS " + r.score.toFixed(1)));
		entry(list, "EPSS", r.epss === null ? "" : (100 * r.epss).toFixed(2) + "% in the next 30 days");
		entry(list, "Known exploited", r.kev ? ["since " + (r.kev[0] || "?"), r.kev[1] && "due " + r.kev[1],
			r.kev[2] && "ransomware: " + r.kev[2], r.kev[3]].filter(Boolean).join(", ") : "");
		entry(list, "Fixed in", r.fix || "no fix is known");
		entry(list, "Also known as", r.aliases.join(", "));
		entry(list, "Package", r.purl);
		entry(list, "File", r.path);
		entry(list, "Layer", r.layer ? r.layer + ": " + data.layers[r.layer - 1].join(" ") : "");
		entry(list, "Source", r.source);
		entry(list, "Comparison", r.evidence);
		about.textContent = plain(r.about);
		detail.append(title, list, about);
		if (/^https?:\/\//.test(r.url)) {
			const a = document.createElement("a");
			a.href = r.url;
			a.rel = "noreferrer noopener";
			a.textContent = r.url;
			detail.appendChild(a);
		}
		draw(true);
	}

	function option(select, value, text) {
		const o = document.createElement("option");
		o.value = value;
		o.textContent = text;
		select.appendChild(o);
	}

	if (data.base) {
		option(layer, "base", "base image");
		option(layer, "own", "own layers");
	}
	data.layers.forEach(function (l, i) {
		if (rows.some(function (r) { return r.layer === i + 1; }))
			option(layer, i + 1, plain("layer " + (i + 1) + " " + l[1].slice(0, 60)));
	});
	Array.from(new Set(rows.map(function (r) { return r.type; }))).sort().forEach(function (t) { option(type, t, t); });
	let wait = 0;
	search.addEventListener("input", function () { clearTimeout(wait); wait = setTimeout(filter, 120); });
	boxes.concat([fixable, exploited, layer, type]).forEach(function (e) { e.addEventListener("change", filter); });
	view.addEventListener("scroll", function () { requestAnimationFrame(function () { draw(false); }); }, { passive: true });
	window.addEventListener("resize", function () { draw(false); });
	window.addEventListener("beforeprint", function () { draw(true, true); });
	window.addEventListener("afterprint", function () { draw(true); });
	function choose(e) {
		const tr = e.target.closest("tr[data-at]");
		if (tr && (e.type === "click" || e.key === "Enter"))
			show(rows[Number(tr.dataset.at)]);
	}
	body.addEventListener("click", choose);
	body.addEventListener("keydown", choose);
	document.querySelectorAll("#head th").forEach(function (th, i) {
		th.addEventListener("click", function () {
			sort = { key: columns[i], down: sort.key === columns[i] ? !sort.down : i < 3 };
			document.querySelectorAll("#head th").forEach(function (o) { o.removeAttribute("aria-sort"); });
			th.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
			filter();
		});
	});
	document.querySelectorAll("[data-layer]").forEach(function (e) {
		e.addEventListener("click", function () { layer.value = layer.value === e.dataset.layer ? "" : e.dataset.layer; filter(); });
	});
	filter();
	document.documentElement.dataset.ready = rows.length;
})();
