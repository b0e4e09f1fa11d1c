// The text about the method stands in index.html; nothing is drawn.
export const openAbout = () => ({});
