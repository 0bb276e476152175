/** The reference of the API, from the document that the service writes itself. Nothing is loaded from elsewhere. */

window.Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  showDeveloperTools: "never",
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: "bearer" },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  customCss: `
    .light-mode { --scalar-color-accent: #6a3df0; --scalar-background-1: #fff; --scalar-background-2: #f6f5f9;
      --scalar-color-3: #63636b; --scalar-sidebar-search-color: #63636b; --scalar-color-green: #00734a; --scalar-color-red: #c00018; --scalar-color-orange: #a84300; }
    .dark-mode { --scalar-color-accent: #9d82ff; --scalar-background-1: #0e0d13; --scalar-background-2: #17161f; --scalar-background-3: #24222f;
      --scalar-color-3: #9c9ca6; --scalar-sidebar-search-color: #9c9ca6; --scalar-color-red: #ff6b6b; }
    .section { padding-block: 3rem; }`,
});

// Long examples scroll, so the keyboard must reach them.
const reach = () => { for (const code of document.querySelectorAll("pre:not([tabindex]), pre code:not([tabindex]), code[class*=language-]:not([tabindex])")) code.tabIndex = 0; };
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
reach();
