// Add photos: sends many files in several requests that are one job, and shows what becomes of each.
"use strict";

facet.each("[data-upload]", (form) => {
  const part = (name) => document.querySelector(`[data-upload-${name}]`);
  const maxBytes = Number(form.dataset.maxBytes);
  const area = part("drop");
  const input = area.querySelector("input[type=file]");
  const folderInput = part("folder");

  const FILES_AT_ONCE = 12;
  const BYTES_AT_ONCE = 16 * 1048576;
  const LINES_SHOWN = 500;
  const ICONS = { new: ["check", "f-yes"], known: ["done_all", "f-yes"], refused: ["block", "f-no"] };

  const tally = { new: 0, known: 0, refused: 0 };
  let request = null;
  let job = null;
  let cancelling = null;
  let isCancelled = false;
  let isRunning = false;

  area.classList.add("f-ready");
  facet.hide(part("plain"), true);

  const whom = () => form.querySelector("[name=whom]:checked").value;

  function describe() {
    const folders = whom() === "folders";
    area.querySelector("[data-drop-heading]").textContent = folders ? "Drop folders here" : "Drop photos here";
    area.querySelector("[data-drop-hint]").textContent = folders
      ? "or click to choose a folder that holds one folder for each person"
      : `or click to choose. JPEG, PNG, WebP, TIFF, BMP and GIF, up to ${facet.megabytes(maxBytes)} each.`;
  }
  form.addEventListener("change", (event) => event.target.name === "whom" && describe());
  describe();

  // In folder mode a click opens the browser's dialog for folders instead
  input.addEventListener("click", (event) => {
    if (whom() !== "folders") return;
    event.preventDefault();
    folderInput.click();
  });
  input.addEventListener("change", () => send([...input.files].map((file) => ({ file, folder: "" }))));
  folderInput.addEventListener("change", () => send([...folderInput.files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) }))));
  ["dragenter", "dragover"].forEach((kind) =>
    area.addEventListener(kind, (event) => {
      event.preventDefault();
      area.classList.add("f-over");
    }),
  );
  area.addEventListener("dragleave", () => area.classList.remove("f-over"));
  area.addEventListener("drop", async (event) => {
    event.preventDefault();
    area.classList.remove("f-over");
    send(await dropped(event.dataTransfer));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send([...input.files].map((file) => ({ file, folder: "" })));
  });
  window.addEventListener("beforeunload", (event) => isRunning && event.preventDefault());

  // The folder that a file lies in: the last one of its path
  function folderOf(path) {
    return path.split("/").slice(-2, -1)[0] ?? "";
  }

  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.length) return [...transfer.files].map((file) => ({ file, folder: "" }));
    const found = [];
    for (const entry of entries) await walk(entry, "", found);
    return found;
  }

  async function walk(entry, folder, found) {
    if (entry.isFile) {
      found.push({ file: await new Promise((done, fail) => entry.file(done, fail)), folder });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (!some.length) return;
      for (const inner of some) await walk(inner, entry.name, found);
    }
  }

  async function send(found) {
    const photos = found.filter(({ file }) => !file.name.startsWith("."));
    if (!photos.length || isRunning) return;
    start();
    try {
      const small = photos.filter((photo) => photo.file.size <= maxBytes || refuse(photo.file));
      if (small.length) await sendAll(small);
      else finished("Nothing was sent");
    } catch (error) {
      complain(error.message);
      finished("The upload ended early");
    }
    isRunning = false;
    input.value = folderInput.value = "";
    facet.hide(part("cancel"), true);
  }

  async function sendAll(photos) {
    job = await post(form.dataset.begin, fields({ files: photos.length }));
    const bytes = photos.reduce((sum, { file }) => sum + file.size, 0);
    let sent = 0;
    let count = 0;
    for (const batch of batches(photos)) {
      if (isCancelled) break;
      const size = batch.reduce((sum, { file }) => sum + file.size, 0);
      let answer;
      try {
        answer = await post(job.photos, fields({ batch }), (share) => progress((sent + share * size) / bytes, count, photos.length));
      } catch (error) {
        if (isCancelled) break;
        await close();
        throw error;
      }
      answer.lines.forEach(show);
      sent += size;
      count += batch.length;
      progress(sent / bytes, count, photos.length);
    }
    await close();
    finished(isCancelled ? "Cancelled" : "Sent");
  }

  // Say that nothing more comes, and follow the encoding
  async function close() {
    await cancelling;
    const closed = await post(job.finish, fields({}));
    if (!closed.progress) return;
    facet.hide(part("job"), false);
    htmx.ajax("GET", closed.progress, { target: part("progress"), swap: "innerHTML" });
  }

  // A request under way is broken off; one that only opens the job is waited for, so that the job can be closed
  function cancel() {
    isCancelled = true;
    if (!job) return;
    request.abort();
    cancelling = post(job.cancel, fields({})).catch(() => null);
  }
  part("cancel").addEventListener("click", cancel);

  function* batches(photos) {
    let batch = [];
    let bytes = 0;
    for (const photo of photos) {
      if (batch.length && (batch.length >= FILES_AT_ONCE || bytes + photo.file.size > BYTES_AT_ONCE)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(photo);
      bytes += photo.file.size;
    }
    if (batch.length) yield batch;
  }

  function fields({ files, batch = [] }) {
    const data = new FormData();
    for (const name of ["csrfmiddlewaretoken", "gallery", "person", "person_name"]) {
      data.set(name, form.querySelector(`[name=${name}]`)?.value ?? "");
    }
    data.set("whom", whom());
    if (files !== undefined) data.set("files", files);
    for (const { file, folder } of batch) {
      data.append("photos", file, file.name);
      data.append("folders", folder);
    }
    return data;
  }

  // XMLHttpRequest, as fetch tells nothing of how much was sent
  function post(address, data, onProgress = () => {}) {
    return new Promise((done, fail) => {
      const asked = new XMLHttpRequest();
      request = asked;
      asked.open("POST", address);
      asked.responseType = "json";
      asked.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      asked.onload = () => {
        const { status, response } = asked;
        if (status === 200 && response) done(response);
        else fail(new Error(response?.error ?? `The server answered ${status}. If you were signed out, sign in and try again.`));
      };
      asked.onerror = () => fail(new Error("The connection was lost. What was sent so far is kept; send the rest again."));
      asked.onabort = () => fail(new Error("Cancelled."));
      asked.send(data);
    });
  }

  function start() {
    isRunning = true;
    isCancelled = false;
    job = cancelling = null;
    Object.assign(tally, { new: 0, known: 0, refused: 0 });
    part("lines").replaceChildren();
    part("progress").replaceChildren();
    part("heading").textContent = "Sending";
    facet.hide(part("status"), false);
    facet.hide(part("cancel"), false);
    facet.hide(part("job"), true);
    facet.hide(part("error"), true);
    facet.hide(part("lines-section"), true);
    progress(0, 0, 0);
  }

  function progress(share, count, total) {
    const percent = Math.round(100 * share);
    const bar = part("bar");
    bar.setAttribute("aria-valuenow", percent);
    bar.firstElementChild.style.width = `${percent}%`;
    part("count").textContent = total ? `${count} of ${total}` : "";
  }

  function refuse(file) {
    show({ name: file.name, kind: "refused", sentence: facet.tooLarge(file, maxBytes), photo: null });
    return false;
  }

  function show({ name, kind, sentence, photo }) {
    tally[kind] += 1;
    facet.hide(part("lines-section"), false);
    part("tally").textContent = [`${tally.new} taken in`, tally.known && `${tally.known} already there`, tally.refused && `${tally.refused} refused`]
      .filter(Boolean)
      .join(", ");
    const lines = part("lines");
    // What was refused stays in sight; of the rest, the latest
    if (kind !== "refused" && lines.childElementCount >= LINES_SHOWN) return;
    const line = part("line").content.firstElementChild.cloneNode(true);
    const [icon, title, words] = line.children;
    line.dataset.kind = kind;
    icon.textContent = ICONS[kind][0];
    icon.classList.add(ICONS[kind][1]);
    words.textContent = sentence;
    if (photo) {
      const link = document.createElement("a");
      link.className = "f-link";
      link.href = photo;
      link.target = "_blank";
      link.textContent = name;
      title.append(link);
    } else {
      title.textContent = name;
    }
    if (kind === "refused") lines.prepend(line);
    else lines.append(line);
  }

  function complain(message) {
    part("error").textContent = message;
    facet.hide(part("error"), false);
  }

  function finished(heading) {
    part("heading").textContent = heading;
  }
});
