// The handle on tau: wherever it stands, what that tau would let pass and miss, at once and without asking the server.
"use strict";

facet.each("[data-tau]", (root) => {
  const data = JSON.parse(document.getElementById("tau-data").textContent);
  const container = root.querySelector("[data-tau-plot]");
  const slider = root.querySelector("[data-tau-slider]");
  const pairs = root.querySelector("[data-pairs]");
  const pairCount = root.querySelector("[data-pair-count]");
  const form = document.querySelector("[data-tau-form]");
  const fields = { tau: form?.elements.tau, oneIn: form?.elements.one_in, how: form?.elements.how };
  const note = form?.querySelector("[data-one-in-note]");
  const REST = 400; // milliseconds after which a handle that was let go asks for faces
  let plot = null;
  let tau = data.tau ?? data.taus[Math.floor(data.taus.length / 2)];
  let asked = 0;
  let timer = 0;
  let latest = 0;

  // Words, as training/services/report_words.py and training/views/rate_cards.py have them ---------------------------

  // Where a number lies exactly between two, Python takes the even one, and toFixed the larger
  function fixed(number, digits) {
    const scaled = number * 10 ** digits;
    const isBetween = Number.isInteger(number * 2 ** (digits + 1)) && scaled % 1 === 0.5;
    return isBetween && Math.floor(scaled) % 2 === 0 ? (Math.floor(scaled) / 10 ** digits).toFixed(digits) : number.toFixed(digits);
  }

  function percent(share) {
    if (share === 0 || share === 1) return `${100 * share} %`;
    const rest = share > 0.9 ? 1 - share : share;
    const digits = Math.max(0, 1 - Math.floor(Math.log10(rest * 100) + 1e-9));
    const text = fixed(100 * share, Math.min(digits, 12));
    return `${text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text} %`;
  }

  function oneIn(share) {
    if (share <= 0) return "none";
    if (share > 0.1) return share >= 1 ? "all" : `${Math.min(Number(fixed(100 * share, 0)), 99)} in 100`;
    let whole = 1 / share;
    if (whole < 10) return `1 in ${fixed(whole, 1).replace(/\.0$/, "")}`;
    if (whole > 1000) {
      const step = 10 ** (Math.floor(Math.log10(whole)) - 1);
      whole = Number(fixed(whole / step, 0)) * step;
    }
    return `1 in ${Number(fixed(whole, 0)).toLocaleString("en")}`;
  }

  function words(rate, place) {
    const [value, low, high, people] = [rate.value[place], rate.low[place], rate.high[place], rate.people[place]];
    const say = rate.isFalse ? oneIn : percent;
    if (!rate.trials) return { value: "?", words: "nothing was tried", interval: "", doubt: "not measured" };
    if (!people) {
      const bound = say(Math.min(high, 1));
      return { value: "None", words: rate.none, interval: `in ${Number(fixed(rate.trials, 0)).toLocaleString("en")} ${rate.tried}; at most ${bound}`, doubt: "too few people to say more" };
    }
    const [from, to] = rate.isFalse ? [high, low] : [low, high];
    const doubt = people < 30 ? `too few people to say: ${people} had errors, 30 would do` : "";
    return { value: say(value), words: rate.words, interval: `95 % interval ${say(from)} to ${say(to)}`, doubt };
  }

  // Places among the taus that were measured ------------------------------------------------------------------------

  // The first tau that is not smaller: what is wrongly let pass is never told smaller than it was measured
  function placeAbove(value) {
    const found = data.taus.findIndex((each) => each >= value);
    return found < 0 ? data.taus.length - 1 : found;
  }

  // The last tau that is not larger: nor is what is missed
  function placeBelow(value) {
    return Math.max(data.taus.findLastIndex((each) => each <= value), 0);
  }

  // The loosest tau that holds a rate, or -1 where none can be shown to; as training/services/shown_rates.py
  function placeFor(rate) {
    const { value, high, people } = data.rates[data.false];
    const most = rate * data.asStored;
    const place = value.findLastIndex((each) => each <= most);
    return place < 0 || high[place] > (people[place] ? data.farOff * most : most) ? -1 : place;
  }

  // Showing ---------------------------------------------------------------------------------------------------------

  function tell() {
    const [above, below] = [placeAbove(tau), placeBelow(tau)];
    root.querySelectorAll("[data-rate]").forEach((card) => {
      const rate = data.rates[card.dataset.rate];
      const said = words(rate, rate.isFalse ? above : below);
      for (const part of ["value", "words", "interval", "doubt"]) card.querySelector(`[data-${part}]`).textContent = said[part];
      facet.hide(card.querySelector("[data-doubt]"), !said.doubt);
    });
    const count = data.confused[above] ?? 0;
    pairCount.textContent = count.toLocaleString("en");
    root.querySelectorAll("[data-one-pair]").forEach((word) => facet.hide(word, count !== 1));
    root.querySelectorAll("[data-more-pairs]").forEach((word) => facet.hide(word, count === 1));
    const said = words(data.rates[data.false], above);
    slider.setAttribute("aria-valuetext", `tau ${tau.toFixed(4)}: ${said.value} ${said.words}`);
    slider.value = tau;
    plot?.move(tau, asked);
    clearTimeout(timer);
    timer = setTimeout(loadPairs, REST);
  }

  async function loadPairs() {
    if (!pairs.dataset.url) return;
    const request = ++latest;
    const answer = await fetch(`${pairs.dataset.url}?tau=${tau}`, { headers: { "HX-Request": "true" } });
    if (request === latest && answer.ok) pairs.innerHTML = await answer.text();
  }

  function choose(how) {
    if (!fields.how) return;
    form.querySelectorAll("[name=how]").forEach((radio) => (radio.checked = radio.value === how));
  }

  function moveTo(value) {
    tau = Math.min(Math.max(Number(value.toFixed(5)), 0), 4);
    asked = 0;
    if (fields.tau) fields.tau.value = tau;
    if (note) note.textContent = "";
    choose("hand");
    tell();
  }

  function askFor(n) {
    if (!(n > 1)) {
      note.textContent = "";
      return;
    }
    asked = 1 / n;
    const place = placeFor(asked);
    note.classList.toggle("f-errors", place < 0);
    if (place < 0) {
      note.textContent = `Too few people were measured to show that. ${data.smallestInWords}`;
      plot?.move(tau, asked);
      return;
    }
    const rough = data.rates[data.false].people[place] < 30;
    note.textContent = `tau ${data.taus[place].toFixed(4)}${rough ? ", roughly: too few people had errors" : ""}`;
    tau = Math.floor(data.taus[place] * 1e5 + 1e-6) / 1e5; // no looser, and short
    if (fields.tau) fields.tau.value = tau;
    tell();
  }

  function draw() {
    plot = tauPlot.draw(container, data);
    slider.style.marginLeft = `${plot.left - 8}px`;
    slider.style.width = `${plot.width + 16}px`;
    plot.move(tau, asked);
  }

  // Moving ----------------------------------------------------------------------------------------------------------

  const follow = (event) => moveTo(plot.tauAt(event.clientX - container.getBoundingClientRect().left));
  container.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    container.setPointerCapture(event.pointerId);
    follow(event);
    slider.focus({ preventScroll: true });
    event.preventDefault();
  });
  container.addEventListener("pointermove", (event) => {
    if (container.hasPointerCapture(event.pointerId)) follow(event);
  });
  slider.addEventListener("input", () => moveTo(Number(slider.value)));
  fields.tau?.addEventListener("input", () => {
    const value = fields.tau.valueAsNumber;
    if (!(value >= 0 && value <= 4)) return;
    tau = value;
    asked = 0;
    choose("hand");
    tell();
  });
  fields.oneIn?.addEventListener("input", () => {
    choose("rate");
    askFor(fields.oneIn.valueAsNumber);
  });
  form?.addEventListener("change", (event) => {
    if (event.target.name !== "how") return;
    if (event.target.value === "rate") {
      fields.oneIn.focus();
      askFor(fields.oneIn.valueAsNumber);
    } else if (fields.tau.valueAsNumber >= 0) {
      asked = 0;
      tau = fields.tau.valueAsNumber;
      tell();
    }
  });

  slider.max = data.end;
  slider.step = data.end / 1000;
  new ResizeObserver(draw).observe(container);
  draw();
  const isRefused = note?.parentElement.querySelector("[role=alert]");
  if (!isRefused && form?.querySelector("[name=how]:checked")?.value === "rate") askFor(fields.oneIn.valueAsNumber);
  else if (fields.tau?.valueAsNumber >= 0) tau = fields.tau.valueAsNumber;
  tell();
});
