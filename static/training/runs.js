// A training run that goes on: every few seconds HTMX puts in how it stands, and the curves follow.
"use strict";

facet.each("[data-run-live]", (live) => {
  const charts = JSON.parse(live.querySelector("script[type='application/json']").textContent);
  const isJudged = charts.some((chart) => chart.key === "run-eer" && chart.lines.length);
  for (const chart of charts) {
    const figure = document.querySelector(`[data-chart="chart-${chart.key}"]`);
    if (!figure) continue;
    document.getElementById(`chart-${chart.key}`).textContent = JSON.stringify(chart);
    figure.querySelector("h4").textContent = chart.title;
    const nothing = figure.querySelector("[data-nothing]");
    facet.hide(nothing, chart.lines.length > 0);
    if (chart.key === "run-tar" && isJudged) nothing.textContent = "Too few people are watched to tell";
    facetCharts.renew(figure);
  }
});
