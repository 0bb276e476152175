using System.CommandLine;
using Locutor.Cli;
using Locutor.Cli.Commands;

if (args.Length > 0 && Verbs.RunNetworks.Contains(args[0])) MemorySettings.Apply();
var root = new RootCommand(
    "Locutor makes a portrait speak: a picture (or a video) and a voice go in, a video of that person saying it comes out.");
Verbs.AddTo(root);
return await Runner.RunAsync(root, args);
