"use strict";
{
  const viewer = document.getElementById("viewer");
  const stage = viewer.querySelector(".stage");
  const slider = viewer.querySelector(".slider");
  const tables = [...viewer.querySelectorAll("[data-scene]")];
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  for (const image of stage.querySelectorAll("img")) pictures[image.dataset.picture] = image.src;

  let left = "original";
  let row = viewer.querySelector("[data-view]");

  function show(side, number, width) {
    const image = stage.querySelector(`.${side} img`);
    image.src = pictures[number];
    image.style.imageRendering = width < 400 ? "pixelated" : "auto";
  }

  function choose(next) {
    row.removeAttribute("aria-current");
    row = next;
    row.setAttribute("aria-current", "true");
    const { width, height, photo, original, decoded, error, numbers } = row.dataset;
    const side = left === "photo" && photo !== undefined ? "photo" : "original";
    stage.style.setProperty("--aspect", width / height);
    show("left", side === "photo" ? photo : original, width);
    show("decoded", decoded, width);
    show("error", error, width);
    stage.querySelector(".left img").alt = side;
    stage.querySelector(".left figcaption").textContent = side;
    slider.setAttribute("aria-label", `Share of the picture that shows the ${side}`);
    viewer.querySelector(".caption .name").textContent = row.querySelector(".name").textContent;
    viewer.querySelector(".caption .numbers").textContent = numbers;
  }

  function split(percent) {
    const share = Math.min(100, Math.max(0, percent));
    slider.value = Math.round(share);
    stage.style.setProperty("--split", `${share}%`);
  }

  const changes = {
    scene(value) {
      tables.forEach((table, i) => { table.hidden = i !== Number(value); });
      const table = tables[value];
      choose(table.querySelector(`[data-view="${row.dataset.view}"]`) ?? table.querySelector("[data-view]"));
    },
    mode(value) {
      viewer.dataset.mode = value;
      slider.hidden = value !== "slider";
    },
    left(value) {
      left = value;
      choose(row);
    },
  };

  viewer.querySelector(".controls").addEventListener("change", (event) => changes[event.target.name](event.target.value));
  slider.addEventListener("input", () => split(Number(slider.value)));

  function follow(event) {
    const box = stage.getBoundingClientRect();
    split((100 * (event.clientX - box.left)) / box.width);
  }
  stage.addEventListener("pointerdown", (event) => {
    if (viewer.dataset.mode !== "slider" || event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    follow(event);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });

  for (const table of tables) {
    table.addEventListener("click", (event) => {
      const clicked = event.target.closest("[data-view]");
      if (!clicked) return;
      choose(clicked);
      stage.scrollIntoView({ block: "nearest" });
    });
    table.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const rows = [...table.querySelectorAll("[data-view]")];
      const next = step && rows[rows.indexOf(event.target.closest("[data-view]")) + step];
      if (!next) return;
      event.preventDefault();
      next.querySelector("button").focus();
      choose(next);
    });
  }

  viewer.classList.add("live");
  viewer.querySelector(".controls").hidden = false;
  const checked = (name) => viewer.querySelector(`[name=${name}]:checked`)?.value;
  changes.mode(checked("mode"));
  if (checked("left")) left = checked("left");
  changes.scene(checked("scene") ?? 0);
  split(50);
}
