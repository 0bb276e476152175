/** The reference of the API, from the document that the service writes itself. Nothing is loaded from elsewhere. */

window.Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  showDeveloperTools: "never",
  showToolbar: "never",
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  authentication: { preferredSecurityScheme: "bearer" },
  defaultHttpClient: { targetKey: "shell", clientKey: "curl" },
  customCss: `
    .light-mode { --scalar-color-accent: #6a3df0; --scalar-background-1: #fff; --scalar-background-2: #f6f5f9; }
    .dark-mode { --scalar-color-accent: #9d82ff; --scalar-background-1: #0e0d13; --scalar-background-2: #17161f; --scalar-background-3: #24222f; }
    .section { padding-block: 3rem; }`,
});
