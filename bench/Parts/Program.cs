using System.CommandLine;
using System.CommandLine.Help;
using Locutor.Bench;
using Locutor.CommandLine;

RuntimeSettings.Apply();
Command root = new(
    "locutor", "Measures the parts of the generator. Runs from a clone of the repository.") { new HelpOption(), BenchCommand.Create() };
return await ProgramRunner.RunAsync(root, args).ConfigureAwait(false);
