export const openInference = (panel) => { panel.replaceChildren('inference'); return {}; };
