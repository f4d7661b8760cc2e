// Small behaviors of Facet's pages. Everything works without them, too; they only save clicks.
"use strict";

const facet = {
  // Call `start` once on every element that fits, now and after HTMX has put new ones in.
  each(selector, start) {
    const started = new WeakSet();
    const once = (element) => {
      if (started.has(element)) return;
      started.add(element);
      start(element);
    };
    const run = (root) => {
      if (root.matches?.(selector)) once(root);
      root.querySelectorAll(selector).forEach(once);
    };
    document.addEventListener("DOMContentLoaded", () => run(document));
    document.addEventListener("htmx:load", (event) => run(event.detail.elt));
  },

  hide(element, isHidden) {
    element?.classList.toggle("f-hidden", isHidden);
  },

  megabytes(bytes) {
    return `${(bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0)} MB`;
  },

  tooLarge(file, maxBytes) {
    return `The file has ${facet.megabytes(file.size)}. At most ${facet.megabytes(maxBytes)} are accepted; send a smaller copy of the photo.`;
  },
};

// The theme's script looks for the parts of its own file fields beside every file field, unless one is marked as done
facet.each(".f-page input[type=file]", (input) => (input.hasChangeListener = true));

// A form that takes a while says so, and cannot be sent twice
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || !form.dataset.busy) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter ?? form.querySelector("button:not([type=button])");
  if (!button) return;
  button.dataset.words = button.innerHTML;
  button.classList.add("f-busy");
  button.innerHTML = '<span class="material-symbols-outlined" aria-hidden="true">progress_activity</span>';
  button.append(form.dataset.busy);
});

// The back button shows the form as it was left: ready again
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    const button = form.querySelector(".f-busy");
    if (!button) return;
    button.classList.remove("f-busy");
    button.innerHTML = button.dataset.words;
  });
});

// A filter is applied as soon as something else is chosen
facet.each("form[data-filter] select", (select) => {
  select.addEventListener("change", () => select.form.requestSubmit());
});

// Parts of a form that belong to one answer of a choice
facet.each("[data-shown-for]", (part) => {
  const form = part.closest("form");
  const update = () => {
    const chosen = form.querySelector("fieldset input[type=radio]:checked");
    facet.hide(part, chosen?.value !== part.dataset.shownFor);
  };
  form.addEventListener("change", update);
  update();
});

// Photos or faces that are ticked
facet.each("form[data-selection]", (form) => {
  const boxes = [...form.querySelectorAll(".f-tile-check")];
  const all = form.querySelector("[data-tick-all]");
  const count = form.querySelector("[data-selection-count]");
  if (!all) return;
  const update = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = ticked ? `· ${ticked} ticked` : "";
    form.querySelectorAll("[name=action]").forEach((button) => (button.disabled = ticked === 0));
  };
  all.addEventListener("change", () => {
    boxes.forEach((box) => (box.checked = all.checked));
    update();
  });
  form.addEventListener("change", update);
  update();
});

facet.each("[data-copy]", (button) => {
  button.addEventListener("click", async () => {
    const field = button.parentElement.querySelector("[data-key]");
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Press Ctrl+C";
    }
  });
});

// Where one or more photos are dropped, pasted or chosen. The file field lies over the whole area, invisibly, so that
// the browser itself takes what is dropped.
facet.each("[data-drop]", (area) => {
  const input = area.querySelector("input[type=file]");
  const heading = area.querySelector("[data-drop-heading]");
  const hint = area.querySelector("[data-drop-hint]");
  const preview = area.querySelector(".f-preview");
  const error = area.parentElement.querySelector("[data-drop-error]");
  const maxBytes = Number(area.dataset.maxBytes);
  area.classList.add("f-ready");
  ["dragenter", "dragover"].forEach((kind) => area.addEventListener(kind, () => area.classList.add("f-over")));
  ["dragleave", "drop", "dragend"].forEach((kind) => area.addEventListener(kind, () => area.classList.remove("f-over")));
  input.addEventListener("change", () => {
    const files = [...input.files];
    const large = files.find((file) => file.size > maxBytes);
    if (error) error.textContent = large ? `${large.name}: ${facet.tooLarge(large, maxBytes)}` : "";
    facet.hide(error, !large);
    if (large) {
      input.value = "";
      return;
    }
    if (!files.length) return;
    heading.textContent = files.length === 1 ? files[0].name : `${files.length} photos`;
    hint.textContent = "Drop or choose another one";
    if (preview && files[0].type.startsWith("image/") && files[0].type !== "image/tiff") {
      URL.revokeObjectURL(preview.src);
      preview.src = URL.createObjectURL(files[0]);
      facet.hide(preview, false);
      facet.hide(area.querySelector(".material-symbols-outlined"), true);
    }
    if ("submit" in area.dataset) input.form.requestSubmit();
  });
});

document.addEventListener("paste", (event) => {
  const area = document.querySelector("[data-drop][data-paste]");
  const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  if (!area || !files.length) return;
  event.preventDefault();
  const one = new DataTransfer();
  one.items.add(files[0]);
  const input = area.querySelector("input[type=file]");
  input.files = one.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});

// Choosing a person or photo by typing: the server offers, with pictures
facet.each("[data-picker]", (picker) => {
  const typed = picker.querySelector("[data-typed]");
  const picked = picker.querySelector("[data-picked]");
  const options = picker.querySelector("[data-options]");
  let timer = 0;
  let latest = 0;

  const gallery = () => picker.dataset.gallery || picker.closest("form").querySelector("[name=gallery]")?.value || "";
  const open = (isOpen) => {
    picker.classList.toggle("f-open", isOpen);
    typed.setAttribute("aria-expanded", String(isOpen));
  };
  const load = async () => {
    const request = ++latest;
    const query = new URLSearchParams({ q: typed.value, gallery: gallery(), without: picker.dataset.without ?? "" });
    if ("new" in picker.dataset) query.set("new", "yes");
    const answer = await fetch(`${picker.dataset.url}?${query}`, { headers: { "HX-Request": "true" } });
    if (request !== latest || !answer.ok) return;
    options.innerHTML = await answer.text();
    open(true);
  };
  const choose = (option) => {
    picked.value = option.dataset.value;
    typed.value = option.dataset.text;
    const picture = picker.querySelector("[data-picked-picture]");
    if (picture && option.dataset.picture) picture.src = option.dataset.picture;
    clearTimeout(timer);
    latest++; // what is on its way is no longer asked for
    open(false);
  };
  const move = (step) => {
    const all = [...options.querySelectorAll(".f-option")];
    if (!all.length) return;
    const now = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    all[now]?.removeAttribute("aria-selected");
    const next = all[(now + step + all.length) % all.length];
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
  };

  typed.addEventListener("input", () => {
    picked.value = "";
    clearTimeout(timer);
    timer = setTimeout(load, 150);
  });
  typed.addEventListener("focus", load);
  typed.addEventListener("keydown", (event) => {
    const selected = options.querySelector("[aria-selected=true]");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && picker.classList.contains("f-open") && selected) {
      event.preventDefault();
      choose(selected);
    } else if (event.key === "Escape") {
      open(false);
    }
  });
  // mousedown, not click: it comes before the field loses its focus
  options.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".f-option");
    if (!option) return;
    event.preventDefault();
    choose(option);
  });
  typed.addEventListener("blur", () => setTimeout(() => open(false), 150));
  picker.closest("form")?.querySelector("select[name=gallery]")?.addEventListener("change", () => {
    picked.value = "";
    typed.value = "";
  });
});
