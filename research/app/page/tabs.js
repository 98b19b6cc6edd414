// The row of views, as the ARIA practices have tabs: arrow keys, Home and End.

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
    if (focus) chosen.focus();
    changed(view(chosen));
    return document.getElementById(view(chosen));
  }

  list.addEventListener("click", ({ target }) => {
    if (target.role !== "tab") return;
    const panel = select(view(target));
    if (panel.getBoundingClientRect().top > window.innerHeight / 2) panel.scrollIntoView(); // below the pad, on a phone
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
