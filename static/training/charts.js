// Draws the charts of training/services/charts.py with Chart.js, from the JSON beside each canvas.
"use strict";

const facetCharts = (() => {
  const drawn = new Map(); // by figure

  // Colors ------------------------------------------------------------------------------------------------------------

  // Chart.js knows no oklch(): let the browser paint a color, and look what came of it
  const painter = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const probe = document.createElement("i");
  function color(variable, alpha = 1) {
    document.body.append(probe);
    probe.style.color = `var(${variable})`;
    painter.clearRect(0, 0, 1, 1);
    painter.fillStyle = getComputedStyle(probe).color;
    painter.fillRect(0, 0, 1, 1);
    probe.remove();
    const [red, green, blue] = painter.getImageData(0, 0, 1, 1).data;
    return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
  }

  // Words, as training/services/report_words.py has them -----------------------------------------------------------

  function percent(share) {
    if (share === 0 || share === 1) return `${100 * share} %`;
    const rest = share > 0.9 ? 1 - share : share;
    const digits = Math.max(0, 1 - Math.floor(Math.log10(rest * 100) + 1e-9));
    const text = (100 * share).toFixed(Math.min(digits, 12));
    return `${text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text} %`;
  }
  const WORDS = {
    rate: percent,
    distance: (value) => value.toFixed(3),
    count: (value) => Math.round(value).toLocaleString("en"),
    number: (value) => String(Number(value.toPrecision(3))),
  };
  const TICKS = { ...WORDS, distance: (value) => String(Number(value.toFixed(4))) };

  function sentence(chart, line, index) {
    const words = WORDS[chart.y.kind];
    const parts = [`${line.short} ${words(line.y[index])}`];
    if (line.high.length) {
      parts.push(line.y[index] === 0 ? `at most ${words(line.high[index])}` : `${words(line.low[index])} to ${words(line.high[index])}`);
    }
    if (line.people.length) parts.push(line.people[index] === 1 ? "errors of 1 person" : `errors of ${line.people[index]} people`);
    if (line.notes.length) parts.push(line.notes[index]);
    if (line.is_dashed && line.high.length) parts.push("projected");
    return parts.join(", ");
  }

  // Chart.js ----------------------------------------------------------------------------------------------------------

  // A logarithmic axis has no zero: what lies below it is drawn on its edge, and told as it is
  const onAxis = (axis, value) => (axis.is_log ? Math.max(value, axis.low) : value);

  function points(chart, line, values) {
    return line.x.map((x, index) => ({ x: onAxis(chart.x, x), y: onAxis(chart.y, values[index]) }));
  }

  const FEW = 24; // So many points are shown as such

  function datasets(chart) {
    return chart.lines.flatMap((line) => {
      const main = {
        label: line.name,
        line,
        data: points(chart, line, line.y),
        borderWidth: 2,
        borderDash: line.is_dashed ? [6, 4] : [],
        pointRadius: line.x.length <= FEW && !line.is_steps && !line.is_dashed ? 3 : 0,
        pointHoverRadius: 4,
        clip: 6, // a point on an edge is whole
        stepped: line.is_steps && "before",
        fill: line.is_steps && "origin",
        tension: 0,
      };
      if (!line.high.length) return [main];
      const edge = { band: true, line, borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, tension: 0 };
      return [
        main,
        { ...edge, label: `${line.name}, upper limit`, data: points(chart, line, line.high), fill: "+1" },
        { ...edge, label: `${line.name}, lower limit`, data: points(chart, line, line.low), fill: false },
      ];
    });
  }

  function paint(drawing) {
    for (const dataset of drawing.data.datasets) {
      const variable = `--f-chart-${dataset.line.color}`;
      dataset.borderColor = color(variable);
      dataset.pointBackgroundColor = dataset.pointHoverBackgroundColor = color(variable);
      dataset.backgroundColor = color(variable, dataset.band ? 0.16 : 0.22);
    }
    for (const axis of [drawing.options.scales.x, drawing.options.scales.y]) {
      axis.grid.color = color("--f-line");
      axis.border = { color: color("--f-line-strong") };
      axis.ticks.color = axis.title.color = color("--f-soft");
    }
    const { legend, tooltip, marks } = drawing.options.plugins;
    legend.labels.color = color("--f-text");
    tooltip.backgroundColor = color("--f-surface");
    tooltip.borderColor = color("--f-line-strong");
    tooltip.titleColor = color("--f-strong");
    tooltip.bodyColor = color("--f-text");
    marks.color = color("--f-strong");
    marks.behind = color("--f-surface", 0.85);
  }

  function scale(axis, { mayToggle }) {
    const isDecade = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
    return {
      type: axis.is_log ? "logarithmic" : "linear",
      min: axis.low,
      max: axis.high,
      title: { display: true, text: axis.title },
      grid: {},
      ticks: {
        maxRotation: 0,
        autoSkipPadding: 12,
        precision: axis.kind === "count" ? 0 : undefined,
        callback(value) {
          if (this.type === "logarithmic" && !isDecade(value)) return null;
          return TICKS[axis.kind](value);
        },
      },
      mayToggle,
    };
  }

  // Lines and points that stand for something, as the tau in force
  const marks = {
    id: "marks",
    afterDatasetsDraw(drawing, _, options) {
      const { ctx, chartArea: area, scales } = drawing;
      for (const mark of options.marks) {
        const x = scales.x.getPixelForValue(onAxis(options.chart.x, mark.x));
        if (x < area.left - 1 || x > area.right + 1) continue;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = options.color;
        ctx.font = `600 11px ${Chart.defaults.font.family}`;
        let y = area.top + 12;
        if (mark.y === null) {
          ctx.setLineDash([3, 3]);
          ctx.lineWidth = 1.5;
          ctx.beginPath();
          ctx.moveTo(x, area.top);
          ctx.lineTo(x, area.bottom);
          ctx.stroke();
        } else {
          y = scales.y.getPixelForValue(onAxis(options.chart.y, mark.y));
          ctx.beginPath();
          ctx.arc(x, y, 5, 0, 2 * Math.PI);
          ctx.fill();
          y = Math.max(y - 12, area.top + 12);
        }
        const width = ctx.measureText(mark.name).width;
        const left = x + 8 + width > area.right ? x - 8 - width : x + 8;
        ctx.fillStyle = options.behind;
        ctx.fillRect(left - 3, y - 10, width + 6, 14);
        ctx.fillStyle = options.color;
        ctx.fillText(mark.name, left, y);
        ctx.restore();
      }
    },
  };

  // The point of a curve, not of a band's edge, that is nearest to the mouse
  Chart.Interaction.modes.nearestOfCurves = (drawing, event) => {
    const { x, y } = Chart.helpers.getRelativePosition(event, drawing);
    let nearest = null;
    let least = Infinity;
    drawing.getSortedVisibleDatasetMetas().forEach((meta) => {
      if (drawing.data.datasets[meta.index].band) return;
      meta.data.forEach((element, index) => {
        const far = (element.x - x) ** 2 + (element.y - y) ** 2;
        if (far >= least) return;
        least = far;
        nearest = { element, datasetIndex: meta.index, index };
      });
    });
    return nearest ? [nearest] : [];
  };

  const read = (figure) => JSON.parse(document.getElementById(figure.dataset.chart).textContent);

  function interaction(chart) {
    const isShared = chart.lines.every((line) => !line.taus.length && String(line.x) === String(chart.lines[0].x));
    return { mode: isShared ? "index" : "nearestOfCurves", intersect: false };
  }

  function draw(figure) {
    const chart = read(figure);
    const drawing = new Chart(figure.querySelector("canvas"), {
      type: "line",
      data: { datasets: datasets(chart) },
      plugins: [marks],
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        normalized: true,
        parsing: false,
        interaction: interaction(chart),
        scales: { x: scale(chart.x, {}), y: scale(chart.y, {}) },
        plugins: {
          marks: { chart, marks: chart.marks },
          legend: {
            align: "start",
            labels: {
              usePointStyle: true,
              pointStyle: "line",
              pointStyleWidth: 24,
              boxHeight: 8,
              filter: (item, data) => !data.datasets[item.datasetIndex].band,
              generateLabels: (made) =>
                Chart.defaults.plugins.legend.labels.generateLabels(made).map((item) => ({
                  ...item,
                  lineDash: made.data.datasets[item.datasetIndex].borderDash,
                  lineWidth: 2,
                })),
            },
            onClick(_, item) {
              const { line } = drawing.data.datasets[item.datasetIndex];
              const isVisible = !drawing.isDatasetVisible(item.datasetIndex);
              drawing.data.datasets.forEach((dataset, index) => {
                if (dataset.line === line) drawing.setDatasetVisibility(index, isVisible);
              });
              drawing.update();
            },
          },
          tooltip: {
            borderWidth: 1,
            padding: 10,
            boxPadding: 4,
            displayColors: true,
            filter: (item) => !item.dataset.band,
            callbacks: {
              title(items) {
                if (!items.length) return "";
                const { dataset, dataIndex } = items[0];
                const { line } = dataset;
                if (line.taus.length) return `tau ${WORDS.distance(line.taus[dataIndex])}`;
                const name = chart.x.title.split(" (")[0];
                return `${name} ${WORDS[chart.x.kind](line.x[dataIndex])}`;
              },
              beforeBody(items) {
                const line = items[0]?.dataset.line;
                return line?.taus.length ? `${chart.x.title.split(":")[0]} ${WORDS[chart.x.kind](line.x[items[0].dataIndex])}` : "";
              },
              label: (item) => sentence(chart, item.dataset.line, item.dataIndex),
              labelColor: (item) => ({ borderColor: item.dataset.borderColor, backgroundColor: item.dataset.borderColor }),
            },
          },
        },
      },
    });
    paint(drawing);
    drawing.update();
    drawn.set(figure, drawing);
    return drawing;
  }

  // Show what the JSON beside a canvas says by now; curves that were hidden stay hidden
  function renew(figure) {
    const drawing = drawn.get(figure);
    if (!drawing) return; // it reads the JSON when it comes into sight
    const chart = read(figure);
    const fresh = datasets(chart);
    const isSame = fresh.length === drawing.data.datasets.length && fresh.every((set, index) => set.label === drawing.data.datasets[index].label);
    if (isSame) fresh.forEach((set, index) => Object.assign(drawing.data.datasets[index], set));
    else drawing.data.datasets = fresh;
    for (const axis of ["x", "y"]) {
      drawing.options.scales[axis].min = chart[axis].low;
      drawing.options.scales[axis].max = chart[axis].high;
      drawing.options.scales[axis].title.text = chart[axis].title;
    }
    Object.assign(drawing.options.interaction, interaction(chart));
    Object.assign(drawing.options.plugins.marks, { chart, marks: chart.marks });
    paint(drawing);
    drawing.update();
  }

  // A chart that is not shown has no size: it is drawn when it comes into sight
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "300px" });

  // The theme's switch changes the class of <html>
  new MutationObserver(() => {
    for (const drawing of drawn.values()) {
      paint(drawing);
      drawing.update();
    }
  }).observe(document.documentElement, { attributeFilter: ["class"] });

  facet.each("[data-chart]", (figure) => watcher.observe(figure));

  // One of several parts of a page
  facet.each("[data-switch]", (buttons) => {
    const all = [...buttons.querySelectorAll("[data-shows]")];
    const show = (chosen) => {
      for (const button of all) {
        button.setAttribute("aria-pressed", String(button === chosen));
        facet.hide(document.getElementById(button.dataset.shows), button !== chosen);
      }
    };
    buttons.addEventListener("click", (event) => {
      const button = event.target.closest("[data-shows]");
      if (button) show(button);
    });
    show(all[0]);
  });

  return { color, draw, percent, renew };
})();
