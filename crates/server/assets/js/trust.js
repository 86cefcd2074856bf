// The page's only door for HTML from the server: htmx swaps pass here, scripts and script addresses do not.
window.trustedTypes?.createPolicy("default", { createHTML: (html) => html });
