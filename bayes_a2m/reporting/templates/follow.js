// Piano rolls follow their players: a cursor at the time heard, the note that sounds marked in roll
// and tables, a click moves there.
for (const roll of document.querySelectorAll("svg.roll")) {
  const audio = document.getElementById(roll.dataset.player);
  if (!audio) continue;
  const duration = Number(roll.dataset.duration);
  const left = Number(roll.dataset.left);
  const wide = Number(roll.dataset.wide);
  const cursor = roll.querySelector(".roll-cursor");
  const scope = roll.closest("[data-follow]") || roll;
  const notes = [...scope.querySelectorAll("[data-onset]")];
  const show = () => {
    const now = audio.currentTime;
    cursor.setAttribute("transform", `translate(${(now / duration) * wide} 0)`);
    for (const note of notes) {
      const sounds = !audio.paused && Number(note.dataset.onset) <= now && now < Number(note.dataset.offset);
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
