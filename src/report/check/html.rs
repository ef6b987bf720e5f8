//! A page that needs nothing else: no script, no network.

use std::io::{self, Write};

use crate::analysis::check::{CheckReport, Outcome, Verdict};

use super::super::style::clean;
use super::plot::plot;
use super::sources::Sources;
use super::words;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1c1f23;--paper:#fbfbf9;--line:#d9d9d3;--dim:#6b6f76;\
--fail:#b42318;--pass:#1a7f4b;--open:#a15c00;--base:#7a8290;--head:#2563c9}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e3;--paper:#17191c;--line:#34383d;--dim:#9aa0a8;\
--fail:#ff8a7a;--pass:#63d297;--open:#f0b35a;--base:#9aa3b2;--head:#7db2ff}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);\
max-width:62rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
.fail{color:var(--fail)}.pass{color:var(--pass)}.inconclusive,.allowed,.warn{color:var(--open)}\
.skipped,.dim{color:var(--dim)}\
section.one{border:1px solid var(--line);border-radius:8px;padding:.75rem 1rem;margin:.75rem 0}\
section.one h3{font-size:1rem;margin:0}.word{font-weight:700;text-transform:uppercase;font-size:.8rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;\
border-bottom:1px solid var(--line);vertical-align:top}th{font-weight:600}\
.scroll{overflow-x:auto}code,pre{font:13px/1.45 ui-monospace,monospace}\
pre{background:color-mix(in srgb,var(--line) 35%,transparent);padding:.5rem .75rem;\
border-radius:6px;overflow-x:auto;margin:.4rem 0}\
svg.plot{width:100%;max-width:420px;display:block;margin:.5rem 0}\
svg.plot text{font:11px system-ui,sans-serif;fill:var(--dim)}\
svg .base{fill:var(--base);stroke:var(--base)}svg .head{fill:var(--head);stroke:var(--head)}\
svg circle{fill-opacity:.55;stroke:none!important}svg .middle{stroke-width:2}\
svg .axis{stroke:var(--line)}svg .limit{stroke:var(--fail);stroke-dasharray:4 3}\
ul{padding-left:1.2rem}";

/// Writes a check as one HTML page with a plot of every run.
///
/// # Errors
/// What the writer gives.
pub fn html(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let verdict = report.verdict.name();
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>looptrace: {verdict}</title><style>{STYLE}</style></head><body>\n\
         <h1>looptrace check: <span class=\"{verdict}\">{verdict}</span></h1>\n\
         <p>{}</p>",
        escape(&words::headline(report))
    )?;
    for note in &report.notes {
        writeln!(out, "<p class=\"warn\">{}</p>", escape(note))?;
    }
    for item in report.notable() {
        one(item, sources, out)?;
    }
    all(report, out)?;
    writeln!(out, "<h2>Why this can be believed</h2>\n<ul>")?;
    for line in words::trust(report) {
        writeln!(out, "<li>{}</li>", escape(&line))?;
    }
    writeln!(out, "</ul>\n<h2>To see more</h2>")?;
    for command in words::commands(report) {
        writeln!(out, "<pre>{}</pre>", escape(&command))?;
    }
    writeln!(out, "</body></html>")
}

fn one(outcome: &Outcome, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<section class=\"one\"><h3><span class=\"word {0}\">{0}</span> {1} \
         <span class=\"dim\">{2}</span></h3>\n<p>{3}</p>",
        class(outcome),
        escape(&outcome.title()),
        escape(&outcome.limit_words()),
        escape(&outcome.reason)
    )?;
    out.write_all(plot(outcome).as_bytes())?;
    for guilty in &outcome.guilty {
        writeln!(out, "<p>{}</p>", escape(&words::guilty(guilty, sources)))?;
        let mut stack = String::new();
        for place in words::own_frames(&guilty.worst.stack, sources, 12) {
            stack.push_str(&format!("{}  {}\n", sources.short(place), place.function));
            if let Some(code) = sources.code(place) {
                stack.push_str(&format!("    {code}\n"));
            }
        }
        if !stack.is_empty() {
            writeln!(out, "<pre>{}</pre>", escape_lines(&stack))?;
        }
        if let Some(advice) = guilty.worst.advice {
            writeln!(out, "<p class=\"dim\">{}</p>", escape(advice))?;
        }
    }
    writeln!(out, "</section>")
}

fn all(report: &CheckReport, out: &mut impl Write) -> io::Result<()> {
    if report.outcomes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Every budget</h2>\n<div class=\"scroll\"><table><tr><th>verdict</th><th>budget</th>\
         <th>limit</th><th>baseline</th><th>here</th><th>change</th></tr>"
    )?;
    for outcome in &report.outcomes {
        writeln!(
            out,
            "<tr><td class=\"{0}\">{0}</td><td>{1}</td><td>{2}</td><td>{3}</td><td>{4}</td><td>{5}</td></tr>",
            class(outcome),
            escape(&outcome.title()),
            escape(&outcome.limit_words()),
            escape(&words::figure(outcome, outcome.base.as_ref())),
            escape(&words::figure(outcome, outcome.head.as_ref())),
            escape(&words::change(outcome.effect))
        )?;
    }
    writeln!(out, "</table></div>")
}

/// The word and the class for an outcome.
fn class(outcome: &Outcome) -> &'static str {
    if outcome.verdict == Verdict::Fail && !outcome.is_error() {
        return "warn";
    }
    outcome.verdict.name()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn escape_lines(text: &str) -> String {
    text.lines().map(escape).collect::<Vec<String>>().join("\n")
}
