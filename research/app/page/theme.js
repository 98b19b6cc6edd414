// Light or dark before anything is painted: as the address says, else as the system does.

const said = new URLSearchParams(location.hash.slice(1)).get("theme");
const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.documentElement.dataset.theme = ["light", "dark"].includes(said) ? said : system;
