using System.CommandLine;
using Locutor.CommandLine;
using Locutor.Files;
using Locutor.Training.Faces;

namespace Locutor.Training.Commands;

/// <summary>The command <c>locutor portrait</c>: it draws a stylised person that a video can start from.</summary>
internal static class PortraitCommand
{
    private const int Smallest = 64, Largest = 2048;

    public static Command Create()
    {
        var seed = new Option<int>("--seed")
        {
            Description = "Number that selects the person; equal numbers draw equal persons.",
            DefaultValueFactory = _ => 1,
        };
        var output = new Option<FileInfo>("--output-path", "-o") { Description = "PNG file to write.", Required = true };
        var replace = new Option<bool>("--yes", "-y") { Description = "Replace an existing file without asking." };
        var size = new Option<int>("--size") { Description = $"Sides in pixels, {Smallest} to {Largest}.", DefaultValueFactory = _ => 512 };
        var expression = new Option<string>("--expression")
        {
            Description = string.Join(", ", Expression.Names) + ".",
            DefaultValueFactory = _ => "neutral",
        };
        expression.AcceptOnlyFromAmong([.. Expression.Names]);
        output.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<FileInfo>() is { } file && !file.Name.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                result.AddError($"--output-path: expected a name that ends in .png, found {file.Name}");
        });
        size.Validators.Add(result =>
        {
            int value = result.GetValueOrDefault<int>();
            if (value is < Smallest or > Largest) result.AddError($"--size: expected {Smallest} to {Largest} pixels, found {value}");
        });
        var command = new Command("portrait", "Draw a new stylised portrait.") { seed, output, size, expression, replace };
        command.SetAction((parsed, cancellationToken) => Task.Run(() =>
        {
            string path = parsed.GetRequiredValue(output).ToString();
            ExistingOutputs.Check(path, parsed.GetValue(replace));
            int side = parsed.GetValue(size);
            byte[] rgb = PortraitPainter.Paint(parsed.GetValue(seed), side, parsed.GetRequiredValue(expression));
            byte[] png = PortraitPainter.EncodePng(rgb, side, side);
            cancellationToken.ThrowIfCancellationRequested();
            Write(path, png);
            Console.Error.WriteLine($"{path}: {side}x{side}, seed {parsed.GetValue(seed)}");
        }, cancellationToken));
        return command;
    }

    private static void Write(string path, byte[] png)
    {
        try
        {
            AtomicFile.Write(path, png);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.BadOutput, $"{path} cannot be written: {failure.Message}", failure);
        }
    }
}
