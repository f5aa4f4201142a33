(() => {
  "use strict";
  // what is folded away on screen is read on paper
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
  });
  const said = document.getElementById("announcer");
  const missing = (text) => text === "";
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return a.localeCompare(b, undefined, { numeric: true });
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const key = (row) => row.cells[column].dataset.value || "";
        const rows = [...table.tBodies[0].rows];
        // what is missing stays last, whichever way the rest goes
        rows.sort((a, b) => {
          const x = key(a), y = key(b);
          if (missing(x) || missing(y)) return missing(x) - missing(y);
          return descending ? compare(y, x) : compare(x, y);
        });
        table.tBodies[0].append(...rows);
        if (said) {
          said.textContent =
            `Sorted by ${head.textContent.trim()}, ${descending ? "descending" : "ascending"}`;
        }
      });
    });
  });
})();
