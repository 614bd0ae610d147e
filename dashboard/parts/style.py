"""The style of what Streamlit has no option for: tables, the first screen of Home, and paper."""

from __future__ import annotations

import streamlit as st

from dashboard.theme import DARK, LIGHT, Ink

# Our own text, no data in it.
_SCREEN = """
[data-testid=stSidebarHeader] {height: 3rem; margin-bottom: 0}
[data-testid=stMainBlockContainer] {padding: 2.25rem clamp(1rem, 3vw, 3rem) 3rem}
/* A shadow at an edge behind which the table goes on. */
.rows .scroll {overflow: auto; background:
  linear-gradient(to left, var(--page) 30%, transparent) right / 2rem 100% no-repeat local,
  linear-gradient(to left, var(--line), transparent) right / 0.75rem 100% no-repeat}
.rows table {border-collapse: separate; border-spacing: 0; width: 100%; font-size: 0.875rem}
.rows th, .rows td
  {padding: 0.4rem 0.5rem; text-align: left; vertical-align: top; line-height: 1.35;
   border-bottom: 1px solid var(--line)}
.rows th
  {position: sticky; top: 0; z-index: 1; background: var(--surface); color: var(--muted);
   font-weight: 600; vertical-align: bottom}
.rows .scroll {border: 1px solid var(--line); border-radius: 0.4rem}
.rows tbody tr:last-child td {border-bottom: 0}
.rows tbody tr:hover td {background: var(--surface)}
.rows .number {text-align: right; font-variant-numeric: tabular-nums}
.rows td.short, .rows td.number {white-space: nowrap}
.rows .text {min-width: 8rem; overflow-wrap: anywhere}
.rows .long {min-width: 13rem; overflow-wrap: anywhere}
.rows .prose {min-width: 20rem; overflow-wrap: anywhere}
.rows td:first-child, .rows th:first-child {position: sticky; left: 0; background: var(--page)}
.rows th:first-child {z-index: 2; background: var(--surface)}
.rows a {color: var(--link)}
.rows p {color: var(--muted); font-size: 0.875rem; margin: 0.4rem 0 0}
[data-testid=stMain] [data-testid=stPageLink-NavLink] {height: auto; min-height: 1.75rem}
[data-testid=stMain] [data-testid=stPageLink-NavLink] * {white-space: normal; overflow: visible}
[data-testid^=stBaseButton-primary] * {color: light-dark(#ffffff, #10161d) !important}
[class*=st-key-lines] [data-testid=stMarkdown] {padding-left: 2rem}
.st-key-headline p {font-size: 1.15rem}
.st-key-headline [data-testid=stText] {font-size: 0.9rem}
.st-key-grade [data-testid=stMetricValue] {font-size: 2.5rem; font-weight: 650; line-height: 1.1}
[data-testid=stSidebar] [data-testid=stMarkdownContainer] p {line-height: 1.4}
[data-testid=stSidebar] [data-testid=stPageLink-NavLink] p {line-height: 1.7}
[class*=st-key-card] h2 {padding-top: 0}
.st-key-path-steps {display: none}
@media (max-width: 640px) {
  [class*=st-key-numbers] {row-gap: 0.75rem}
  .st-key-path-picture {display: none}
  .st-key-path-steps {display: flex}
  /* What to do next stands before what got better, which is in the column of what got worse. */
  .st-key-first-screen :is([data-testid=stColumn], [data-testid=stColumn] > *)
    {display: contents}
  .st-key-first-screen > * > [data-testid=stHorizontalBlock]
    {flex-direction: column; gap: 0.75rem}
  [data-testid=stLayoutWrapper]:has(> .st-key-lines-better) {order: 1}
  [class*=st-key-lines] [data-testid=stHorizontalBlock] {row-gap: 0}
  /* A table scrolls sideways here anyway: wide columns keep its rows low. */
  .rows .long:not(:first-child) {min-width: 18rem}
  .rows .prose:not(:first-child) {min-width: 24rem}
  /* The words of a card are over its buttons. */
  [class*=st-key-card] > :first-child {flex: 1 1 100%; min-width: 100%}
  [class*=st-key-card] > :not(:first-child) {flex: 1 1 40%; width: auto !important; min-width: 0}
  [class*=st-key-card] > :not(:first-child) * {max-width: 100%}
  .st-key-filters [data-testid=stHorizontalBlock] {gap: 0.5rem}
  .st-key-filters [data-testid=stColumn] {flex: 1 1 calc(50% - 0.25rem); min-width: 0}
  /* The third column would be alone on a line: its boxes stand beside each other there. */
  .st-key-filters [data-testid=stColumn]:last-child > [data-testid=stVerticalBlock]
    {flex-flow: row wrap; gap: 0.5rem}
  .st-key-filters [data-testid=stColumn]:last-child [data-testid=stElementContainer]
    {flex: 1 1 calc(50% - 0.25rem); width: auto; min-width: 0}
}
@media screen {[data-testid=stElementContainer]:has(.on-paper) {display: none}}
"""
_PAPER = """
@media print {
  @page {size: A4 landscape; margin: 12mm}
  [data-testid=stSidebar], [data-testid=stHeader], [data-testid=stElementToolbar],
  [data-testid=stElementContainer]:has([data-testid=stDataFrame]),
  [data-testid=stElementContainer]:has([data-testid=stDownloadButton]),
  [data-testid=stPopover], [data-testid=stCheckbox] {display: none !important}
  [data-testid=stApp], [data-testid=stMain], [data-testid=stAppViewContainer],
  [data-testid=stMainBlockContainer]
    {position: static !important; height: auto !important; overflow: visible !important}
  [data-testid=stMainBlockContainer] {padding: 0 !important; max-width: none !important}
  html {font-size: 11px !important}
  [data-testid=stVegaLiteChart], [data-testid=stMetric], .rows tr, .on-paper tr
    {break-inside: avoid}
  [data-testid=stColumn]:has([data-testid=stVegaLiteChart]) {break-inside: avoid}
  h2 {break-after: avoid}
  /* Black on white, also from a dark screen; what is coloured by its meaning stays so. */
  html, body, [data-testid=stApp] {background: #ffffff !important}
  [data-testid=stMain] *:not(td) {background-color: transparent !important}
  body *, .rows {color: #17212b !important; --line: #c3ced8; --muted: #55646f}
  .rows td[style*="#ffffff"] {color: #ffffff !important}
  svg text {fill: #17212b}
  svg path[fill="#19222c"] {fill: #f3f6f9}
  svg path[stroke="#3b4a58"], svg line[stroke="#3b4a58"] {stroke: #c3ced8}
  .rows .scroll {max-height: none !important; overflow: visible; border: 0; background: none}
  .rows th, .rows th:first-child, .rows td:first-child {position: static}
  .rows table, .on-paper table
    {border-collapse: collapse; width: 100%; font-size: 10px; line-height: 1.25}
  .rows th, .rows td, .on-paper th, .on-paper td
    {border-bottom: 1px solid #c3ced8; padding: 2pt 4pt; text-align: left; vertical-align: top;
     min-width: 0 !important; overflow-wrap: break-word; print-color-adjust: exact}
  .rows :is(.text, .long, .prose), .on-paper :is(.text, .long, .prose) {white-space: normal}
  .on-paper .short, .on-paper .number {white-space: nowrap}
  .rows thead, .on-paper thead {display: table-header-group}
}
"""


def _colours() -> str:
    """The colours of tables. The browser chooses between light and dark by the page's
    `color-scheme`, which Streamlit sets: a script does not run again when the theme changes.
    """
    pairs = ((name, getattr(LIGHT, name), getattr(DARK, name)) for name in Ink.__struct_fields__)
    made = "; ".join(f"--{name}: light-dark({light}, {dark})" for name, light, dark in pairs)
    return f".rows {{{made}}}\n"


def apply_style() -> None:
    """Put the style into the page."""
    st.html(f"<style>{_colours()}{_SCREEN}{_PAPER}</style>")
