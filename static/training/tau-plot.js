// Draws what tau cuts: the distances of one person and of different people, and both error rates below, on one axis.
"use strict";

const tauPlot = (() => {
  const SPACE = "http://www.w3.org/2000/svg";
  const BARS = { top: 26, height: 130 };
  const CURVES = { top: 192, height: 190 };
  const HEIGHT = 420;
  const LEFT = 74;
  const RIGHT = 14;
  const LARGEST_N = 1e6;

  function make(name, attributes = {}, ...children) {
    const element = document.createElementNS(SPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  const path = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  // Runs of neighbors that `test` says the same of; each begins where the last one ended, so that lines join
  function runs(length, test) {
    const found = [];
    for (let index = 0; index < length; index += 1) {
      const kind = test(index);
      const last = found.at(-1);
      if (last && last.kind === kind) last.places.push(index);
      else found.push({ kind, places: last ? [last.places.at(-1), index] : [index] });
    }
    return found;
  }

  function bars(data, scaleX, width) {
    const { edges, mated, nonMated } = data.histogram;
    const shown = (shares) => Math.max(...shares.filter((_, index) => edges[index] < data.end), 0);
    const y = (share, most) => BARS.top + BARS.height * (1 - (most ? share / most : 0));
    const area = (shares, most) => {
      const points = [[scaleX(edges[0]), BARS.top + BARS.height]];
      shares.forEach((share, index) => {
        points.push([scaleX(edges[index]), y(share, most)], [scaleX(edges[index + 1]), y(share, most)]);
      });
      points.push([scaleX(edges.at(-1)), BARS.top + BARS.height]);
      return `${path(points)}Z`;
    };
    const most = Math.max(shown(mated), shown(nonMated));
    const group = make("g", { "clip-path": "url(#tau-plot-clip)" });
    for (const [shares, css, wrong] of [[nonMated, "t-other", "within"], [mated, "t-same", "beyond"]]) {
      const outline = area(shares, most);
      group.append(
        make("path", { d: outline, class: `t-area ${css}` }),
        make("path", { d: outline, class: `t-area t-wrong ${css}`, "clip-path": `url(#tau-plot-${wrong})` }),
      );
    }
    group.append(make("line", { x1: LEFT, x2: width - RIGHT, y1: BARS.top + BARS.height, y2: BARS.top + BARS.height, class: "t-axis" }));
    return group;
  }

  function curve(data, name, scaleX, scaleY, css) {
    const rate = data.rates[name];
    const group = make("g", { class: css, "clip-path": "url(#tau-plot-clip)" });
    if (!rate.trials) return group;
    const x = (index) => scaleX(data.taus[index]);
    const places = data.taus.map((_, index) => index).filter((index) => data.taus[index] <= data.end * 1.05);
    const band = places.map((index) => [x(index), scaleY(rate.high[index])]);
    band.push(...places.toReversed().map((index) => [x(index), scaleY(rate.low[index])]));
    group.append(make("path", { d: `${path(band)}Z`, class: "t-band" }));
    for (const run of runs(places.length, (index) => rate.people[places[index]] >= 30)) {
      const seen = run.places.map((index) => places[index]).filter((index) => rate.value[index] > 0);
      if (seen.length < 2) continue;
      group.append(make("path", { d: path(seen.map((index) => [x(index), scaleY(rate.value[index])])), class: run.kind ? "t-line" : "t-line t-rough" }));
    }
    return group;
  }

  function axes(data, scaleX, scaleY, width, least) {
    const group = make("g");
    for (let n = 1; n <= 1 / least; n *= 10) {
      const y = scaleY(1 / n);
      group.append(
        make("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "t-grid" }),
        make("text", { x: LEFT - 8, y: y + 4, class: "t-tick t-end" }, n === 1 ? "all" : `1 in ${n >= 1e6 ? "1 M" : n.toLocaleString("en")}`),
      );
    }
    const wanted = data.end / Math.max(3, Math.floor(width / 110));
    const power = 10 ** Math.floor(Math.log10(wanted));
    const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= wanted);
    const bottom = CURVES.top + CURVES.height;
    for (let tau = 0; tau <= data.end; tau += step) {
      group.append(
        make("line", { x1: scaleX(tau), x2: scaleX(tau), y1: bottom, y2: bottom + 5, class: "t-axis" }),
        make("text", { x: scaleX(tau), y: bottom + 19, class: "t-tick t-middle" }, String(Number(tau.toFixed(4)))),
      );
    }
    group.append(make("line", { x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom, class: "t-axis" }));
    return group;
  }

  // Returns { move(tau, asked), scaleX, tauAt(x) } for a container
  function draw(container, data) {
    const width = Math.max(container.clientWidth, 280);
    const inner = width - LEFT - RIGHT;
    const scaleX = (tau) => LEFT + (inner * tau) / data.end;
    const seen = [data.false, data.missed].flatMap((name) => data.rates[name].value.filter((value) => value > 0));
    const smallest = Math.max(Math.min(...seen, data.smallest, 0.01), 1 / LARGEST_N);
    const least = 10 ** Math.floor(Math.log10(smallest) + 1e-9);
    const scaleY = (rate) => CURVES.top + CURVES.height * Math.min(1, Math.log10(Math.max(rate, least)) / Math.log10(least));

    const within = make("rect", { x: 0, y: 0, height: HEIGHT, width: 0 });
    const beyond = make("rect", { x: 0, y: 0, height: HEIGHT, width });
    const asked = make("line", { x1: LEFT, x2: width - RIGHT, class: "t-asked f-hidden" });
    const line = make("line", { y1: BARS.top - 2, y2: CURVES.top + CURVES.height, class: "t-handle-line" });
    const grip = make("circle", { r: 8, cy: BARS.top + BARS.height + 16, class: "t-grip" });
    const pill = make("rect", { y: 0, width: 78, height: 21, rx: 10.5, class: "t-pill" });
    const label = make("text", { y: 15, class: "t-pill-text t-middle" });
    const svg = make(
      "svg",
      { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, "aria-hidden": "true", focusable: "false" },
      make(
        "defs",
        {},
        make("clipPath", { id: "tau-plot-clip" }, make("rect", { x: LEFT, y: BARS.top, width: inner, height: HEIGHT })),
        make("clipPath", { id: "tau-plot-within" }, within),
        make("clipPath", { id: "tau-plot-beyond" }, beyond),
      ),
      axes(data, scaleX, scaleY, width, least),
      bars(data, scaleX, width),
      curve(data, data.missed, scaleX, scaleY, "t-same"),
      curve(data, data.false, scaleX, scaleY, "t-other"),
      asked,
    );
    if (data.tau !== null && data.tau <= data.end) {
      const x = scaleX(data.tau);
      svg.append(make("line", { x1: x, x2: x, y1: BARS.top, y2: CURVES.top + CURVES.height, class: "t-in-force" }));
    }
    svg.append(line, grip, pill, label);
    container.replaceChildren(svg);

    return {
      scaleX,
      left: LEFT,
      width: inner,
      tauAt: (x) => Math.min(Math.max((x - LEFT) / inner, 0), 1) * data.end,
      move(tau, rate) {
        const x = scaleX(Math.min(tau, data.end));
        within.setAttribute("width", x);
        beyond.setAttribute("x", x);
        line.setAttribute("x1", x);
        line.setAttribute("x2", x);
        grip.setAttribute("cx", x);
        const middle = Math.min(Math.max(x, LEFT + 20), width - 40);
        pill.setAttribute("x", middle - 39);
        label.setAttribute("x", middle);
        label.textContent = `tau ${tau.toFixed(4)}`;
        asked.classList.toggle("f-hidden", !rate);
        if (!rate) return;
        asked.setAttribute("y1", scaleY(rate));
        asked.setAttribute("y2", scaleY(rate));
      },
    };
  }

  return { draw };
})();
