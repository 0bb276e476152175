using System.CommandLine;
using System.CommandLine.Parsing;
using Locutor.Checkpoints;
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
    public static async Task<int> RunAsync(Command root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) Complain(error.Message);
            await Console.Error.WriteLineAsync($"Try '{PathOf(parsed.CommandResult)} --help'.").ConfigureAwait(false);
            return ExitCodes.Usage;
        }

        try
        {
            TorchOptions.Choose(TorchOptions.FromEnvironment());
            // The command doctor checks these libraries itself.
            if (parsed.CommandResult.Command.Name != "doctor") TorchLibraries.Load(TorchOptions.Current);
            return await parsed.InvokeAsync(Configuration(parsed)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Complain("stopped");
            return ExitCodes.Cancelled;
        }
        catch (CommandException failure)
        {
            Complain(failure.Message);
            return failure.ExitCode;
        }
        catch (RequestException failure)
        {
            foreach (var (field, reasons) in failure.Errors)
                foreach (string reason in reasons) Complain($"{FieldOptions.NameOf(field)}: {reason}");
            return ExitCodes.Usage;
        }
        catch (SpeechException failure)
        {
            Complain($"{FieldOptions.NameOf(failure.Field)}: {failure.Message}");
            return failure.Fault switch
            {
                SpeechFault.Voice or SpeechFault.Text => ExitCodes.Usage,
                SpeechFault.TooLong => ExitCodes.BadInput,
                _ => ExitCodes.Missing,
            };
        }
        catch (MediaException failure)
        {
            Complain(failure.Message);
            return failure.Code switch
            {
                MediaErrorCodes.OutputFailed => ExitCodes.BadOutput,
                MediaErrorCodes.Internal => ExitCodes.Missing,
                _ => ExitCodes.BadInput,
            };
        }
        catch (Exception failure) when (failure is CheckpointException or BundleException)
        {
            Complain(failure.Message);
            return ExitCodes.BadInput;
        }
        catch (DllNotFoundException failure)
        {
            Complain($"{failure.Message} ('locutor doctor' tells what is missing)");
            return ExitCodes.Missing;
        }
        catch (WrongResultException failure)
        {
            Complain($"{WrongResultException.Code}: {failure.Message}");
            return ExitCodes.Internal;
        }
        catch (WrongArithmeticException failure)
        {
            Complain(failure.Message);
            return ExitCodes.Internal;
        }
        catch (DeviceOutOfMemoryException failure)
        {
            Complain(
                $"{failure.Message}. On a GPU, give --vram-budget less than is free: what does not fit then comes in turn from the " +
                "machine's memory. Or ask for a smaller --size, or end other programs that hold memory (nvidia-smi lists those on a " +
                "GPU).");
            return ExitCodes.Missing;
        }
        catch (Exception failure) when (Environment.GetEnvironmentVariable("LOCUTOR_DEBUG") is null)
        {
            Complain($"{failure.Message} ({failure.GetType().Name}; set LOCUTOR_DEBUG=1 to see where)");
            return ExitCodes.Internal;
        }
    }

    /// <summary>
    /// Configures how a command is stopped: a service may take its time to drain, every other command ends within two seconds.
    /// </summary>
    private static InvocationConfiguration Configuration(ParseResult parsed) => new()
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = parsed.CommandResult.Command.Name is "serve" or "worker" ? null : TimeSpan.FromSeconds(2),
    };

    /// <summary>Returns the words of a command line up to a command, for example <c>locutor models pull</c>.</summary>
    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult outer ? $"{PathOf(outer)} {command.Command.Name}" : "locutor";

    private static void Complain(string message) => Console.Error.WriteLine("locutor: " + message.ReplaceLineEndings(" "));
}
