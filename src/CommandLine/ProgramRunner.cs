using System.CommandLine;
using System.CommandLine.Parsing;
using System.Data.Common;
using Locutor.Checkpoints;
using Locutor.Files;
using Locutor.Generation.Guard;
using Locutor.Generation.Requests;
using Locutor.Kernels.Arithmetic;
using Locutor.Media;
using Locutor.Models;
using Locutor.TextToSpeech.Engines;
using Locutor.Torch;
using Locutor.Torch.Loading;

namespace Locutor.CommandLine;

/// <summary>Runs the command that a command line names. It turns a failure into one line on standard error and an exit code.</summary>
public static class ProgramRunner
{
    /// <summary>Runs a command line and returns the exit code.</summary>
    /// <param name="root">All commands.</param>
    /// <param name="args">The command line.</param>
    /// <param name="readsDefaults">Whether the user's file of <see cref="Defaults"/> is read.</param>
    public static async Task<int> RunAsync(Command root, string[] args, bool readsDefaults = false)
    {
        try
        {
            Surroundings.Check(args);
            if (readsDefaults) args = Defaults.AddTo(args, root);
        }
        catch (CommandException wrong)
        {
            Complain(wrong.Message);
            return wrong.ExitCode;
        }

        var parsed = root.Parse(args);
        if (ParseFaults.Describe(parsed) is { Count: > 0 } faults)
        {
            foreach (string fault in faults) Complain(fault);
            Advise(parsed);
            return ExitCodes.Usage;
        }

        // A service and a worker handle signals themselves: they drain first.
        using var signals = parsed.CommandResult.Command.Name is "serve" or "worker" ? null : new StopSignals();
        try
        {
            TorchOptions.Choose(TorchOptions.FromEnvironment());
            // The command doctor checks these libraries itself; completion and introduction need none.
            if (parsed.CommandResult.Command is not (RootCommand or { Name: "doctor" })) TorchLibraries.Load(TorchOptions.Current);
            return await parsed.InvokeAsync(Configuration, signals?.Token ?? default).ConfigureAwait(false);
        }
        catch (CommandException stopped) when (signals is { Stopped: true } && stopped.ExitCode == ExitCodes.Cancelled)
        {
            StopSignals.Leave(stopped.Message);
            return ExitCodes.Cancelled;
        }
        catch (Exception) when (signals is { Stopped: true })
        {
            // Work that is stopped may fail in any way, for example because ffmpeg got the signal too.
            StopSignals.Leave();
            return ExitCodes.Cancelled;
        }
        catch (Exception failure) when (Explain(failure) is { } explained)
        {
            foreach (string line in explained.Lines) Complain(line);
            if (failure is RequestException { Errors.Count: > 1 }) Advise(parsed);
            return explained.Code;
        }
    }

    /// <summary>Returns the exit code of a failure and the lines for the user; null for a fault that is shown with its stack.</summary>
    public static (int Code, IReadOnlyList<string> Lines)? Explain(Exception failure) => failure switch
    {
        OperationCanceledException => (ExitCodes.Cancelled, ["stopped"]),
        CommandException { ExitCode: int code } => (code, [failure.Message]),
        RequestException { Errors: { } errors } =>
            (ExitCodes.Usage, [.. errors.SelectMany(pair => pair.Value.Select(reason => $"{FieldOptions.NameOf(pair.Key)}: {reason}"))]),
        SpeechException speech => (CodeOf(speech.Fault), [$"{FieldOptions.NameOf(speech.Field)}: {speech.Message}"]),
        TemporaryFileException => (ExitCodes.BadOutput, [failure.Message]),
        MediaException media => (CodeOf(media.Code), [media.Message]),
        CheckpointException or BundleException => (ExitCodes.BadInput, [failure.Message]),
        DbException =>
            (ExitCodes.Missing, [$"the database cannot be used: {failure.Message}; 'locutor serve --check' examines database and folders"]),
        DllNotFoundException or TypeInitializationException when TorchLibraries.MissingReason(failure) is { } reason =>
            (ExitCodes.Missing, [$"{reason} ('locutor doctor' tells what is missing)"]),
        WrongResultException => (ExitCodes.Internal, [$"{WrongResultException.Code}: {failure.Message}"]),
        WrongArithmeticException => (ExitCodes.Internal, [failure.Message]),
        DeviceOutOfMemoryException =>
            (ExitCodes.Missing,
            [
                $"{failure.Message}. On a GPU, give --vram-budget less than is free: what does not fit then comes in turn from the "
                    + "machine's memory. Or ask for a smaller --size, or end other programs that hold memory (nvidia-smi lists those on a "
                    + "GPU)."
            ]),
        _ when Environment.GetEnvironmentVariable("LOCUTOR_DEBUG") is not null => null,
        IOException or UnauthorizedAccessException => (ExitCodes.Internal, [$"{failure.Message} (LOCUTOR_DEBUG=1 shows where)"]),
        _ => (ExitCodes.Internal, [$"{failure.Message} (a fault of the program; for a report, LOCUTOR_DEBUG=1 shows where)"]),
    };

    private static int CodeOf(SpeechFault fault) => fault switch
    {
        SpeechFault.Voice or SpeechFault.Text => ExitCodes.Usage,
        SpeechFault.TooLong => ExitCodes.BadInput,
        _ => ExitCodes.Missing,
    };

    private static int CodeOf(string mediaError) => mediaError switch
    {
        MediaErrorCodes.OutputFailed => ExitCodes.BadOutput,
        MediaErrorCodes.Internal => ExitCodes.Missing,
        _ => ExitCodes.BadInput,
    };

    /// <summary>Leaves failures and signals to this program.</summary>
    private static InvocationConfiguration Configuration => new()
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    };

    /// <summary>Tells where the options of a command are explained.</summary>
    private static void Advise(ParseResult parsed) =>
        Console.Error.WriteLine($"Try '{PathOf(parsed.CommandResult)} --help'.");

    /// <summary>Returns the words of a command line up to a command, for example <c>locutor models pull</c>.</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult outer ? $"{PathOf(outer)} {command.Command.Name}" : "locutor";

    /// <summary>Prints a line for the user on standard error.</summary>
    public static void Complain(string message) => Console.Error.WriteLine("locutor: " + message.ReplaceLineEndings(" "));
}
