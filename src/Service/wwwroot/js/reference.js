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
});
