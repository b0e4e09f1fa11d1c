export const openDistribution = (panel) => { panel.replaceChildren('distribution'); return {}; };
