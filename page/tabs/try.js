export const openTry = (panel) => { panel.replaceChildren('try'); return {}; };
