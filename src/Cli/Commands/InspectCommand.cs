using System.CommandLine;
using Locutor.Checkpoints.Formats;
using Locutor.Checkpoints.Inspection;

namespace Locutor.Cli.Commands;

/// <summary>The command <c>locutor inspect FILE</c>: it lists the tensors of a checkpoint.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file")
        {
            Description = "A checkpoint: safetensors, GGUF, .pth, .pt or .bin, an index of shards, or a folder that holds one."
        };
        var command = new Command(
            "inspect", "Print what a checkpoint holds: format, sizes, metadata, and the tree of its tensors.") { file };
        command.SetAction(parsed =>
        {
            using var checkpoint = CheckpointFormats.Open(parsed.GetRequiredValue(file));
            Console.Out.Write(CheckpointInspection.Render(checkpoint));
            return ExitCodes.Success;
        });
        return command;
    }
}
