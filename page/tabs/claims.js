export const openClaims = (panel) => { panel.replaceChildren('claims'); return {}; };
