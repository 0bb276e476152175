// Writes the list of packages of a published program as SPDX 2.3: dotnet run sbom.cs locutor.deps.json sbom.spdx.json
using System.Text.Json;
using System.Text.Json.Nodes;

using var dependencies = JsonDocument.Parse(File.ReadAllBytes(args[0]));
var packages = new JsonArray();
foreach (var library in dependencies.RootElement.GetProperty("libraries").EnumerateObject())
{
    string[] name = library.Name.Split('/');
    string kind = library.Value.GetProperty("type").GetString()!;
    var package = new JsonObject
    {
        ["SPDXID"] = $"SPDXRef-{string.Concat(library.Name.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.' ? letter : '-'))}",
        ["name"] = name[0],
        ["versionInfo"] = name[1],
        ["downloadLocation"] = kind == "package" ? $"https://www.nuget.org/api/v2/package/{name[0]}/{name[1]}" : "NOASSERTION",
        ["filesAnalyzed"] = false,
        ["licenseConcluded"] = "NOASSERTION",
        ["licenseDeclared"] = kind == "project" ? "Apache-2.0" : "NOASSERTION",
        ["copyrightText"] = "NOASSERTION",
    };
    if (kind == "package")
    {
        package["externalRefs"] = new JsonArray(new JsonObject
        {
            ["referenceCategory"] = "PACKAGE-MANAGER",
            ["referenceType"] = "purl",
            ["referenceLocator"] = $"pkg:nuget/{name[0]}@{name[1]}",
        });
    }
    packages.Add((JsonNode)package);
}
var document = new JsonObject
{
    ["spdxVersion"] = "SPDX-2.3",
    ["dataLicense"] = "CC0-1.0",
    ["SPDXID"] = "SPDXRef-DOCUMENT",
    ["name"] = "locutor",
    ["documentNamespace"] = $"https://spdx.org/spdxdocs/locutor-{Guid.NewGuid()}",
    ["creationInfo"] = new JsonObject
    {
        ["created"] = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ"),
        ["creators"] = new JsonArray("Tool: locutor-sbom"),
    },
    ["packages"] = packages,
};
File.WriteAllText(args[1], document.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
