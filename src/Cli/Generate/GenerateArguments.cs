using Locutor.Generation.Loading;
using Locutor.Generation.Requests;

namespace Locutor.Cli.Generate;

/// <summary>The command line of <c>locutor generate</c>: the request, still unchecked, and how this machine shall work on it.</summary>
/// <param name="VramBudget">Largest use of the GPU's memory in bytes; null for all of it.</param>
/// <param name="Store">Folder of model files; null for the usual one.</param>
internal sealed record GenerateArguments(RequestForm Form, string Output, string Device, Precision Precision, long? VramBudget, string? Store, bool Fragmented, bool Json, bool Timings = false);
