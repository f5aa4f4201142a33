// Piano rolls follow their players: a cursor at the time heard, the note that sounds marked in roll
// and tables, a click moves there; space plays, the arrows go from note to note, #t=1.2 goes there.
for (const roll of document.querySelectorAll("svg.roll")) {
  const audio = document.getElementById(roll.dataset.player);
  if (!audio) continue;
  const duration = Number(roll.dataset.duration);
  const left = Number(roll.dataset.left);
  const wide = Number(roll.dataset.wide);
  const cursor = roll.querySelector(".roll-cursor");
  const scope = roll.closest("[data-follow]") || roll;
  const notes = [...scope.querySelectorAll("[data-onset]")];
  const view = roll.closest(".figure-scroll");
  const show = () => {
    const now = audio.currentTime;
    cursor.setAttribute("transform", `translate(${(now / duration) * wide} 0)`);
    if (view && !audio.paused && view.scrollWidth > view.clientWidth) {
      const at = ((left + (now / duration) * wide) / roll.viewBox.baseVal.width) * view.scrollWidth;
      if (at < view.scrollLeft || at > view.scrollLeft + 0.9 * view.clientWidth) view.scrollLeft = at - 0.1 * view.clientWidth;
    }
    for (const note of notes) {
      const sounds = (!audio.paused || now > 0) && Number(note.dataset.onset) <= now && now < Number(note.dataset.offset);
      note.classList.toggle("sounding", sounds);
    }
  };
  const run = () => {
    show();
    if (!audio.paused) requestAnimationFrame(run);
  };
  audio.addEventListener("play", run);
  for (const event of ["pause", "seeked", "ended"]) audio.addEventListener(event, show);
  roll.addEventListener("click", (event) => {
    const box = roll.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * roll.viewBox.baseVal.width;
    audio.currentTime = Math.min(Math.max(((at - left) / wide) * duration, 0), duration - 0.01);
    audio.play();
  });
}
for (const scope of document.querySelectorAll("[data-follow]")) {
  const audio = scope.querySelector("audio");
  if (!audio) continue;
  const onsets = [...new Set([...scope.querySelectorAll("[data-onset]")].map((note) => Number(note.dataset.onset)))];
  onsets.sort((one, other) => one - other);
  const go = (time) => {
    audio.currentTime = time;
  };
  for (const button of scope.querySelectorAll("button.go")) {
    button.addEventListener("click", () => {
      go(Number(button.closest("[data-onset]").dataset.onset));
      audio.play();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("audio, button, a, summary, input")) return;
    const now = audio.currentTime;
    if (event.key === " ") audio.paused ? audio.play() : audio.pause();
    else if (event.key === "ArrowRight") go(onsets.find((onset) => onset > now + 0.01) ?? now);
    else if (event.key === "ArrowLeft") go(onsets.findLast((onset) => onset < now - 0.25) ?? 0);
    else return;
    event.preventDefault();
  });
  const asked = /^#t=([0-9.]+)$/.exec(location.hash);
  if (asked) {
    const start = () => go(Number(asked[1]));
    audio.readyState ? start() : audio.addEventListener("loadedmetadata", start, { once: true });
  }
}
