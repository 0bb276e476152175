using System.CommandLine;
using System.CommandLine.Help;
using Locutor.CommandLine;
using Locutor.Training.Commands;

if (args is ["train" or "evaluate", ..]) RuntimeSettings.Apply();
Command root = new(
    "locutor",
    "Trains and measures the small model that is shipped with the program, and paints portraits. Runs from a clone of the repository.")
{
    new HelpOption(),
    TrainCommand.Create(),
    EvaluateCommand.Create(),
    PortraitCommand.Create(),
};
return await ProgramRunner.RunAsync(root, args).ConfigureAwait(false);
