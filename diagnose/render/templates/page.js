"use strict";
(() => {
  const said = document.getElementById("said");
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      let done = true;
      try {
        await navigator.clipboard.writeText(source.textContent);
      } catch {
        getSelection().selectAllChildren(source);
        done = document.execCommand("copy");
      }
      said.textContent = "";
      said.textContent = done ? button.dataset.done : button.dataset.failed;
      button.textContent = done ? button.dataset.done : label;
      setTimeout(() => { button.textContent = label; }, 2000);
    });
  }
  for (const field of document.querySelectorAll("input[data-table]")) {
    field.parentElement.hidden = false;
    const rows = [...document.getElementById(field.dataset.table).tBodies[0].rows];
    const output = field.parentElement.querySelector("output");
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let n = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        n += row.hidden ? 0 : 1;
      }
      output.textContent = words.length ? field.dataset.shown.replace("{n}", n).replace("{of}", rows.length) : "";
    });
  }
  // A link to something within a folded part opens it.
  const unfold = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") { part.open = true; }
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
  // Browsers that do not know ::details-content print folded parts folded.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const part of opened) { part.open = true; }
  });
  addEventListener("afterprint", () => { for (const part of opened) { part.open = false; } });
})();
