using System.CommandLine;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Inspection;
using Locutor.Cli.Inspect;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor inspect FILE</c>: it describes a picture, a video or a sound, or the tensors of a checkpoint.</summary>
internal static class InspectCommand
{
    private static readonly Argument<string> File = new("file")
    {
        Description = "A picture, a video, a sound, or a checkpoint: safetensors, GGUF, .pth, .pt, .bin, an index of shards, or a folder.",
    };
    private static readonly Option<string?> Model = new("--model", "-m")
    {
        Description = "The model that would use a picture. Default: the one that is part of the program.",
        HelpName = "NAME",
    };

    public static Command Create()
    {
        var command = new Command("inspect", "Describe a file: origin of a video, use of a picture by a model, tensors of a checkpoint.")
            { File, Model, ModelsCommand.Store };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            string file = parsed.GetRequiredValue(File);
            var output = parsed.InvocationConfiguration.Output;
            if (MediaReport.IsMedia(file))
            {
                await new MediaReport(output).WriteAsync(
                    file, parsed.GetValue(Model), parsed.GetValue(ModelsCommand.Store), cancellationToken);
                return ExitCodes.Success;
            }

            using var checkpoint = CheckpointFormats.Open(file);
            await output.WriteAsync(CheckpointInspection.Render(checkpoint));
            return ExitCodes.Success;
        });
        return command;
    }
}
