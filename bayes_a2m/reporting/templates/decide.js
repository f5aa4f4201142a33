(() => {
  "use strict";
  const button = document.getElementById("save");
  if (!button) return;
  const said = document.getElementById("decided");
  const cards = [...document.querySelectorAll(".decide")];
  const key = `bayes_a2m audit ${document.title}`;
  const read = (card) => ({
    decision: (card.querySelector("input[type=radio]:checked") || {}).value || "",
    note: card.querySelector("input[type=text]").value,
  });
  const all = () => {
    const found = {};
    cards.forEach((card) => {
      const one = read(card);
      if (one.decision) found[card.dataset.id] = one;
    });
    return found;
  };
  const told = () => {
    const made = Object.values(all());
    const out = made.filter((one) => one.decision === "exclude").length;
    said.textContent = `${made.length} of ${cards.length} decided, ${out} to leave out`;
  };
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    cards.forEach((card) => {
      const one = kept[card.dataset.id];
      if (!one) return;
      card.querySelectorAll("input[type=radio]").forEach((radio) => {
        radio.checked = radio.value === one.decision;
      });
      card.querySelector("input[type=text]").value = one.note;
    });
  } catch (error) { /* a browser that keeps nothing: decisions last as long as the page */ }
  const changed = () => {
    try { localStorage.setItem(key, JSON.stringify(all())); } catch (error) { /* as above */ }
    told();
  };
  cards.forEach((card) => card.addEventListener("input", changed));
  button.addEventListener("click", () => {
    const text = JSON.stringify({ format_version: 1, decisions: all() }, null, 2);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "decisions.json";
    link.click();
    URL.revokeObjectURL(link.href);
  });
  told();
})();
