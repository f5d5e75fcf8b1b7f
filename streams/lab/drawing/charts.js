"use strict";
/* Draws every chart of the page, again when light or dark or the width changes. */
(function () {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const touch = window.matchMedia("(pointer: coarse)").matches;
  const narrow = window.matchMedia("(max-width: 40rem)");

  /* A copy of `value` with the names of style-sheet colours replaced by the colours in force. */
  function themed(value, style) {
    if (Array.isArray(value) || value === null || typeof value !== "object") return value;
    const copy = {};
    for (const [key, inner] of Object.entries(value)) {
      const named = /color$/.test(key) && typeof inner === "string" && inner.startsWith("--");
      copy[key] = named ? style.getPropertyValue(inner).trim() : themed(inner, style);
    }
    return copy;
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const chart of charts) {
      const layout = themed(chart.layout, style);
      /* On a touch screen a finger on a chart scrolls the page. */
      layout.dragmode = touch ? false : "zoom";
      const traces = chart.traces.map((trace) => themed(trace, style));
      Plotly.react(chart.id, traces, layout, {
        responsive: true,
        displaylogo: false,
        /* On a narrow page the buttons would lie on the legend. */
        displayModeBar: touch || narrow.matches ? false : "hover",
        /* plotly offers to send the chart, data and all, to its own server: not from here. */
        showSendToCloud: false,
        plotlyServerURL: "",
        modeBarButtonsToRemove: ["select2d", "lasso2d"],
      });
    }
  }

  draw();
  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
  /* Open without scripts, where they are all there is; closed beside the drawn charts. */
  for (const table of document.querySelectorAll("details.figures")) table.open = false;
})();
