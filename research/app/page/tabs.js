// The row of views, as the ARIA practices have tabs: arrow keys, Home and End.

/** Scrolls to a view that lies below the pad, as on a phone. */
export function reach(panel) {
  if (panel.getBoundingClientRect().top > window.innerHeight / 2) panel.scrollIntoView();
}

export function tabs(list, changed) {
  const all = [...list.querySelectorAll('[role="tab"]')];
  const view = (tab) => tab.id.replace("tab-", "");

  function select(name, focus = false) {
    const chosen = all.find((tab) => view(tab) === name) ?? all[0];
    for (const tab of all) {
      tab.setAttribute("aria-selected", tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      document.getElementById(view(tab)).hidden = tab !== chosen;
    }
    list.scrollLeft = chosen.offsetLeft - list.offsetLeft - (list.clientWidth - chosen.offsetWidth) / 2; // where the row is wider than the screen
    if (focus) chosen.focus();
    changed(view(chosen));
    return document.getElementById(view(chosen));
  }

  list.addEventListener("click", ({ target }) => {
    if (target.role === "tab") reach(select(view(target)));
  });
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(view(all[(to + all.length) % all.length]), true);
  });
  return select;
}
