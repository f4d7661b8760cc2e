// Questions are answered by keys, too: what carries `data-key` is pressed by that key, unless somebody is typing.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input:not([type=radio]), select, textarea, [contenteditable]")) return;
  if (event.target.matches("input[type=radio]") && event.key.startsWith("Arrow")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!found) return;
  event.preventDefault();
  found.click();
  if (found.matches("summary")) found.parentElement.querySelector("input[type=radio]")?.focus();
});
