import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button, IconButton } from './button.tsx';

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  /** Widest, in pixels. */
  width?: number;
  children: ReactNode;
}

/** A modal dialog. Escape and a press outside close it. */
export function Dialog({ title, isOpen, onClose, width = 420, children }: DialogProps) {
  return (
    <ModalOverlay
      className="overlay"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
    >
      <Modal className="modal" style={{ maxWidth: width }}>
        <AriaDialog className="dialog">
          <header className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton icon="cross" label="Close" shortcut="Esc" onPress={onClose} />
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The end of a form in a dialog: leave it, or send it. */
export function DialogActions({
  send,
  isSending,
  disabledReason,
  onCancel,
}: {
  /** What sending does: `Add server`. */
  send: string;
  isSending: boolean;
  disabledReason: string | undefined;
  onCancel: () => void;
}) {
  return (
    <div className="dialog-actions">
      <Button tone="ghost" onPress={onCancel}>
        Cancel
      </Button>
      <Button tone="primary" type="submit" isPending={isSending} disabledReason={disabledReason}>
        {send}
      </Button>
    </div>
  );
}
